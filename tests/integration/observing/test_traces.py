"""One trace from an upload to the told receiver, of real processes on a home."""

import json
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from core.access.keys import SCOPES
from core.bootstrap.shared import Shared
from core.host.tracing import SPANS
from core.settings import Settings
from harness.collectors.traces import SentSpan, TraceSink, tree
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import home_backends, home_settings
from tests.support.photos import sample
from tests.support.service import settings_of
from tests.support.services.receiver import Receiver

PHOTO = "Barack Obama/obama2.jpg"
FILE, PERSON, COLLECTION = "ada-lovelace-1843.jpg", "Ada Lovelace", "analysts"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
TRACE = PARENT.split("-")[1]
STAGES = ["fetch", "recognise", "search", "store"]
KINDS = {"POST /": "request", "handle interactive": "handle", "handle events": "handle"}
PATIENCE_S = 180


@dataclass(kw_only=True)
class Service:
    """Web tier and worker on a home, and a key."""

    settings: Settings
    folder: Path

    def start(self) -> None:
        shared = Shared(self.settings, home_backends(self.settings).infrastructure)
        self.key = shared.process.key_store.create("test", scopes=SCOPES)[1].text
        self.web = WebProcess(self.settings, self.folder / "web.log")
        self.worker = WorkerProcess(self.settings, self.folder / "worker.log")
        self.web.started()
        self.worker.started()

    def stop(self) -> None:
        for process in (self.web, self.worker):
            process.stop()

    def post(self, path: str, **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", **asked.pop("headers", {})}
        answer = requests.post(
            f"{self.web.address}{path}", headers=headers, timeout=PATIENCE_S, **asked
        )
        answer.raise_for_status()
        return answer.json()

    def upload(self, **headers: str) -> str:
        """Upload a photo; return its job."""
        photo = sample(PHOTO) + uuid.uuid4().bytes
        files = {"inputFile": (FILE, photo)}
        form = {"collection_id": COLLECTION}
        return str(self.post("/", files=files, data=form, headers=headers)["job_id"])

    def result(self, job_id: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        asked = f"{self.web.address}/status/{job_id}"

        def ended() -> bool:
            return bool(self.ask(asked, headers)["status"] != "pending")

        wait_until(ended, seconds=PATIENCE_S, every_s=0.5, what="the job to end")
        return self.ask(asked, headers)

    def ask(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        return dict(requests.get(url, headers=headers, timeout=30).json())

    def lines(self, process: WebProcess | WorkerProcess, job_id: str) -> list[dict[str, Any]]:
        found = [line for line in process.log.read_text().splitlines() if job_id in line]
        return [json.loads(line) for line in found]


NewService = Callable[..., Service]


@pytest.fixture
def sink() -> Iterator[TraceSink]:
    with TraceSink() as running:
        yield running


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[NewService]:
    with ExitStack() as started:

        def make(endpoint: str, **changes: Any) -> Service:
            usual: dict[str, Any] = {
                "auth": "keys",
                "max_wait_seconds": 60,
                "webhook_allow_private": ("127.0.0.1",),
                "tracing_endpoint": endpoint,
                "tracing_sample": 1.0,
            }
            settings = home_settings(tmp_path / "home", **settings_of(**{**usual, **changes}))
            made = Service(settings=settings, folder=tmp_path)
            made.start()
            started.callback(made.stop)
            made.post("/collections", json={"collection_id": COLLECTION})
            return made

        yield make


def spans(sink: TraceSink, *, until: str, count: int = 1) -> list[SentSpan]:
    """Return the trace once it has a number of spans of that name, and its first one."""

    def is_whole() -> bool:
        names = [span.name for span in sink.of_trace(TRACE)]
        return names.count(until) >= count and "POST /" in names

    wait_until(is_whole, seconds=PATIENCE_S, what=until)
    return sink.of_trace(TRACE)


def named(found: list[SentSpan], name: str) -> list[SentSpan]:
    return [span for span in found if span.name == name]


def test_upload_is_one_trace_down_to_the_receiver_and_names_nobody(
    sink: TraceSink, new_service: NewService
) -> None:
    service = new_service(sink.address)
    with Receiver() as receiver:
        hook = {"url": f"http://127.0.0.1:{receiver.port}/told-at", "events": ["job.done"]}
        service.post("/webhooks", json=hook)
        form = {"collection_id": COLLECTION, "image_id": "ada", "person": PERSON}
        photo = {"image": (FILE, sample("Barack Obama/obama.jpg"))}
        service.result(service.post("/faces/index", data=form, files=photo)["job_id"])
        job_id = service.upload(traceparent=PARENT)
        wait_until(lambda: len(receiver.received) == 2, seconds=PATIENCE_S, what="both events")
        found = spans(sink, until="handle events")
        service.stop()

    (request,) = tree(found, PARENT.split("-")[2])
    name, parts = request
    assert name == "POST /"
    assert [part[0] for part in parts] == ["store photo", "send job", "wait"]
    ((_, stages),) = dict(parts)["send job"]
    told = dict(stages)
    assert list(told) == [*STAGES, "send event"]
    assert [stage[0] for stage in told["recognise"]] == ["decode", "detect", "align", "embed"]
    (events,) = told["send event"]
    assert events == ("handle events", [("deliver", [])])
    assert {span.service for span in found} == {"efr-web", "efr-worker"}
    assert {span.attributes["job.id"] for span in found if "job.id" in span.attributes} == {job_id}
    assert not [span for span in found if span.failed]
    for span in found:
        kind = SPANS[KINDS.get(span.name, span.name)]
        assert set(span.attributes) <= set(kind.attributes), span.name
    assert not [got for got in receiver.received if "traceparent" in got.headers]

    lines = service.lines(service.worker, job_id)
    assert {"job was handled", "event was sent"} <= {line["message"] for line in lines}
    asked = service.lines(service.web, job_id)
    assert {"job was accepted", "wait ended", "request was answered"} <= {
        line["message"] for line in asked
    }
    assert {line["trace_id"] for line in lines + asked if line.get("path", "/") == "/"} == {TRACE}

    sent = b"".join(sink.bodies)
    photo_key = f"{job_id}_{FILE}".encode()
    for secret in (PERSON, "Lovelace", FILE, COLLECTION, service.key, "127.0.0.1", "told-at"):
        assert secret.encode() not in sent, secret
    assert photo_key not in sent
    assert job_id.encode() in sent


def test_job_whose_child_hung_and_was_killed_is_one_trace_with_all_attempts(
    sink: TraceSink, new_service: NewService
) -> None:
    service = new_service(sink.address, job_timeout_seconds=3)
    (child,) = service.worker.children()
    child.suspend()

    job_id = service.upload(traceparent=PARENT)

    assert service.result(job_id)["status"] == "done"
    found = spans(sink, until="handle interactive", count=2)
    first, *others, last = named(found, "handle interactive")
    assert {each.parent_id for each in (first, *others, last)} == {
        named(found, "send job")[0].span_id
    }
    assert first.failed
    assert first.attributes["outcome"] == "retried"
    assert tree(found, first.span_id) == [("fetch", []), ("recognise", [])]
    broken = named(found, "recognise")[0]
    assert broken.failed
    assert broken.attributes["error.type"] == "RECOGNITION_TIMED_OUT"
    assert not last.failed
    assert last.attributes["outcome"] == "done"
    assert int(last.attributes["receive_count"]) == 2 + len(others)
    assert [name for name, _ in tree(found, last.span_id)] == STAGES


def test_job_that_is_given_up_is_one_trace_with_all_attempts(
    sink: TraceSink, new_service: NewService
) -> None:
    service = new_service(sink.address, job_timeout_seconds=0.001, sqs_max_receive_count=2)

    job_id = service.upload(traceparent=PARENT)

    assert service.result(job_id)["error"]["code"] == "RECOGNITION_TIMED_OUT"
    found = spans(sink, until="handle interactive", count=2)
    attempts = named(found, "handle interactive")
    assert [each.attributes["outcome"] for each in attempts] == ["retried", "dead-lettered"]
    assert {each.parent_id for each in attempts} == {named(found, "send job")[0].span_id}
    assert named(found, "store")[0].parent_id == attempts[1].span_id
    assert all(each.failed for each in attempts)

    requests.get(f"{service.web.address}/openapi.json", timeout=30)
    service.stop()
    assert named(sink.sent, "GET /openapi.json"), "the last span is sent at the end"


def test_share_of_zero_sends_nothing_and_log_lines_still_have_the_trace(
    sink: TraceSink, new_service: NewService
) -> None:
    service = new_service(sink.address, tracing_sample=0.0)

    job_id = service.upload(traceparent=PARENT[:-1] + "1")
    service.stop()  # sends what waits

    assert sink.bodies == []
    assert {line["trace_id"] for line in service.lines(service.worker, job_id)} == {TRACE}


@pytest.mark.parametrize("sink_is", ["away", "silent", "refusing"])
def test_sink_that_takes_nothing_costs_one_log_line_and_no_job(
    sink_is: str, new_service: NewService
) -> None:
    with ExitStack() as running:
        if sink_is == "refusing":
            address = running.enter_context(TraceSink(status=500)).address
        else:
            listening = socket.create_server(("127.0.0.1", 0))  # and never accepts
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            listening.close() if sink_is == "away" else running.enter_context(listening)
        service = new_service(address)

        jobs = [service.upload(Prefer="respond-async") for _ in range(8)]

        assert {service.result(job)["status"] for job in jobs} == {"done"}
        for process in (service.web, service.worker):
            wait_until(lambda it=process: it.logged("traces are not sent"), seconds=PATIENCE_S)  # type: ignore[misc]
        service.stop()
        for process in (service.web, service.worker):
            told = re.findall("traces are not sent", process.log.read_text())
            assert len(told) == 1
            assert not process.is_running
