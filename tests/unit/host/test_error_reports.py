"""What Sentry is told of unexpected errors, in the bytes that are really sent."""

import base64
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from core.bootstrap.observing import check_observing
from core.errors import InvalidSettings, RecognizerDied, StorageUnavailable
from core.host import logs
from core.host.error_reports import ErrorReports
from core.host.logs import configure_logs, log_fields
from core.jobs.recognition_job import Job
from core.ports import Recognizer
from core.scaling.autoscaler import Autoscaler
from core.scaling.policy import Depth, Limits
from core.settings import Settings
from harness.collectors.errors import ErrorSink
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo
from tests.unit.web.web_fixture import WebFixture

NAME, FILE = "Ada Lovelace", "ada-lovelace.jpg"
PHOTO = made_photo()
SECRETS = (b"Ada", b"Lovelace", b"lovelace", PHOTO[:40], base64.b64encode(PHOTO[:30]), b"analysts")


@contextmanager
def reporting(dsn: str, part: str = "efr-web") -> Iterator[None]:
    """Report what this process logs in the block."""
    reports, root = ErrorReports(dsn, part=part), logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = []
    configure_logs("INFO")
    reports.start()
    configure_logs("INFO")  # as the web tier does once more
    try:
        yield
        reports.stop()
    finally:
        logs._also.remove(reports)
        root.handlers[:] = before[0]
        root.setLevel(before[1])


def fail(*_: object, **__: object) -> NoReturn:
    person, photo = NAME, PHOTO
    raise RuntimeError(f"{person} on {FILE}: {photo!r}")


def assert_tells_nobody(sink: ErrorSink) -> None:
    for sent in sink.sent:
        for secret in SECRETS:
            assert secret not in sent, secret


@pytest.mark.parametrize(
    "ask",
    [
        lambda web: web.client.get(f"/collections/analysts/faces?person={NAME}"),
        lambda web: web.client.get(f"/collections/analysts/persons/{NAME}"),
        lambda web: web.send_photo(
            "/faces/index", PHOTO, collection_id="analysts", image_id=FILE, person=NAME
        ),
        lambda web: web.upload(PHOTO, FILE, Authorization=f"Bearer {NAME}", Cookie=NAME),
    ],
    ids=["name in the query", "name in the path", "name in a form", "photo"],
)
def test_request_that_meets_a_bug_is_reported_without_what_was_asked(
    ask: Callable[[WebFixture], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ErrorSink() as sink:
        web = WebFixture()
        for rule in web.app.view_functions:
            monkeypatch.setitem(web.app.view_functions, rule, fail)
        with reporting(sink.dsn):
            assert ask(web).status_code == 500

    (event,) = sink.events
    (error,) = event["exception"]["values"]
    assert error["type"] == "RuntimeError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["logentry"]["message"] == "request met an unexpected error"
    assert event["tags"] == {"part": "efr-web"}
    assert_tells_nobody(sink)


def test_job_that_meets_a_bug_is_reported_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        recognise = fail

    with ErrorSink() as sink, reporting(sink.dsn, "efr-worker"):
        job = handled(Broken())

    (event,) = sink.events
    assert event["logentry"]["message"] == "job met an unexpected error"
    assert event["tags"] == {"part": "efr-worker", "job_id": job.job_id}
    assert_tells_nobody(sink)


def handled(recognizer: Recognizer) -> Job:
    """Let a worker handle a job whose photo is recognised so."""
    from core.bootstrap.worker import build_worker

    settings = Settings(_env_file=None, worker_processes=1, visibility_heartbeat_seconds=0)
    memory = MemoryInfrastructure(settings=settings, recognizer=recognizer)
    job = Job.new(FILE)
    memory.bucket(settings.s3_in_bucket).objects[job.input_key] = PHOTO
    memory.queue(settings.sqs_req_queue_name).send(job.body)
    worker = build_worker(settings, memory.joined()).worker
    worker.run_once()
    worker.drain()
    return job


def test_round_of_the_autoscaler_that_breaks_off_is_reported() -> None:
    class Fleet:
        def count(self) -> int:
            scaler.stop()
            return fail()

        def scale_to(self, workers: int) -> None: ...

        def close(self) -> None: ...

    limits = Limits(max_workers=1, children=1, target_latency_s=1, cool_down_s=1)
    with ErrorSink() as sink, reporting(sink.dsn, "efr-autoscaler"):
        scaler = Autoscaler(
            depth=lambda: Depth(visible=1, in_flight=0),
            worked=lambda: False,
            fleet=Fleet(),
            limits=limits,
            interval_s=0.01,
        )
        scaler.run()

    assert {event["tags"]["part"] for event in sink.events} == {"efr-autoscaler"}
    assert sink.events[0]["logentry"]["message"] == "autoscaler's round broke off"
    assert_tells_nobody(sink)


def test_errors_that_clients_and_jobs_are_told_are_not_reported() -> None:
    class Dies:
        def recognise(self, *_: object) -> NoReturn:
            raise RecognizerDied(f"the child died of {NAME}")

    with ErrorSink() as sink:
        web = WebFixture()
        with reporting(sink.dsn):
            web.client.get(f"/collections/none/persons/{NAME}")
            web.upload(b"no photo")
            web.client.get("/nowhere")
            handled(Dies())

    assert sink.sent == []


def test_causes_are_told_by_kind_and_place_and_code_too() -> None:
    with ErrorSink() as sink, reporting(sink.dsn), log_fields(trace_id="4bf9", request_id=NAME):
        try:
            try:
                fail()
            except RuntimeError as error:
                raise StorageUnavailable(f"no {FILE}") from error
        except StorageUnavailable:
            logging.getLogger("elsewhere").exception("GET /people/%s", NAME)
            logging.getLogger("elsewhere").exception("GET /people/Ada")

    assert len(sink.events) == 2
    for event in sink.events:
        assert [each["type"] for each in event["exception"]["values"]] == [
            "RuntimeError",
            "StorageUnavailable",
        ]
        assert event["tags"] == {
            "part": "efr-web",
            "code": "STORAGE_UNAVAILABLE",
            "trace_id": "4bf9",
        }
        assert "logentry" not in event
        assert "server_name" not in event
    assert_tells_nobody(sink)


def test_nothing_waits_for_a_sentry_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"http://key@127.0.0.1:{silent.getsockname()[1]}/1"
        with reporting(dsn):
            for _ in range(300):  # more than may wait
                try:
                    fail()
                except RuntimeError:
                    logging.getLogger("core").exception("something met an unexpected error")


def test_dsn_without_the_extra_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "core.host.error_reports", raising=False)
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    settings = Settings(_env_file=None, sentry_dsn="https://key@example.org/1")

    with pytest.raises(InvalidSettings, match=r"SENTRY_DSN.*\[sentry\]"):
        check_observing(settings)


def test_address_that_is_no_dsn_cannot_be_used_and_is_not_shown() -> None:
    settings = Settings(_env_file=None, sentry_dsn="https://secret")

    with pytest.raises(InvalidSettings, match="must be like") as told:
        check_observing(settings)

    assert "secret" not in str(told.value)
