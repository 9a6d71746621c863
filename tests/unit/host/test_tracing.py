"""Spans of one process: what continues a trace, what they tell, and what becomes of failures."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from core.bootstrap.observing import check_observing, start_tracing
from core.errors import InvalidSettings, StorageUnavailable
from core.ground.authors import sent_again_with
from core.host.otlp import OtlpTracing
from core.host.tracing import Untraced, tracing
from core.settings import Settings
from harness.collectors.http_thread import HttpThread, QuietHandler
from harness.collectors.traces import TraceSink
from harness.waiting import wait_until
from tests.support.photos import ROOT
from tests.support.services.kept_spans import traced

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NOTED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


LogLines = Callable[[], list[dict[str, Any]]]


def test_trace_goes_on_below_the_span_that_its_note_names() -> None:
    with traced() as kept, tracing().entry("handle", NOTED), tracing().span("fetch"):
        sent = tracing().notes()

    trace_id, parent_id = sent["traceparent"].split("-")[1:3]
    assert trace_id == TRACE
    assert parent_id == f"{kept['fetch'].context.span_id:016x}"
    assert f"{kept['handle'].parent.span_id:016x}" == SPAN  # type: ignore[union-attr]
    assert kept.parent_of("fetch") == "handle"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Ada Lovelace",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01" + " " * 600,
    ],
)
def test_malformed_note_begins_a_new_trace(note: str) -> None:
    with traced() as kept, tracing().entry("handle", {"traceparent": note}):
        pass

    assert kept["handle"].parent is None
    assert kept.traces != {int(TRACE, 16)}


def test_message_of_an_older_sender_begins_a_new_trace() -> None:
    with traced() as kept, tracing().entry("handle", {"tenant": "acme"}):
        pass

    assert kept["handle"].parent is None


def test_part_of_nothing_is_not_traced() -> None:
    with traced() as kept:
        with tracing().span("store"):
            assert tracing().notes() == {}
        tracing().past({"detect": 1.0})

    assert kept.spans == []


def test_trace_that_is_not_sent_still_has_its_id_in_log_lines_and_messages(
    log_lines: LogLines,
) -> None:
    with traced(share=0.0) as kept, tracing().entry("handle", NOTED):
        with tracing().span("fetch"):
            logging.getLogger("here").info("something happened")
        assert tracing().notes()["traceparent"].startswith(f"00-{TRACE}-")
        assert tracing().notes()["traceparent"].endswith("-00")

    assert kept.spans == []
    assert [line["trace_id"] for line in log_lines()] == [TRACE]


def test_id_of_a_trace_decides_whether_it_is_sent_and_not_its_flag() -> None:
    low, high = f"{'0' * 31}1", "f" * 32
    with traced(share=0.5) as kept:
        for trace_id in (low, high):
            for sampled in ("00", "01"):
                with tracing().entry("handle", {"traceparent": f"00-{trace_id}-{SPAN}-{sampled}"}):
                    pass

    assert kept.traces == {int(low, 16)}
    assert len(kept.spans) == 2


def test_error_is_told_by_its_code_and_not_by_its_words() -> None:
    with traced() as kept:
        with pytest.raises(StorageUnavailable), tracing().entry("handle", {}):
            raise StorageUnavailable("no object Ada Lovelace.jpg")
        with pytest.raises(KeyError), tracing().entry("request", {}):
            raise KeyError("Ada Lovelace")

    known, unknown = kept.spans
    assert dict(known.attributes or {}) == {"error.type": "STORAGE_UNAVAILABLE"}
    assert dict(unknown.attributes or {}) == {"error.type": "KeyError"}
    assert {span.status.status_code for span in kept.spans} == {StatusCode.ERROR}
    assert "Ada" not in "".join(span.to_json() for span in kept.spans)


def test_times_that_a_child_reported_end_when_they_are_noted_and_follow_one_another() -> None:
    with traced() as kept, tracing().entry("handle", {}), tracing().span("recognise"):
        tracing().past({"detect": 30.0, "embed": 12.5})
        noted_ns = time.time_ns()

    detect, embed = kept["detect"], kept["embed"]
    assert (detect.end_time or 0) - (detect.start_time or 0) == 30_000_000
    assert (embed.end_time or 0) - (embed.start_time or 0) == 12_500_000
    assert detect.end_time == embed.start_time
    assert 0 <= noted_ns - (embed.end_time or 0) < 1e9
    assert kept.parent_of("detect") == kept.parent_of("embed") == "recognise"


def test_note_goes_with_a_job_that_is_sent_again() -> None:
    assert sent_again_with({**NOTED, "reason": "it is no job"}) == NOTED


def test_without_addresses_nothing_of_opentelemetry_or_sentry_is_loaded() -> None:
    script = (
        "import sys, core.bootstrap.run_worker, core.bootstrap.worker, efr_web.app\n"
        "from core.bootstrap.observing import check_observing, start_reports, start_tracing\n"
        "from core.settings import Settings\n"
        "off = Settings(_env_file=None)\n"
        "check_observing(off); start_tracing(off, 'x'); start_reports(off, 'x')\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'sentry'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": "web-tier"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
    assert isinstance(tracing(), Untraced)


def test_endpoint_without_the_extra_is_a_setting_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "core.host.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = Settings(_env_file=None, tracing_endpoint="http://127.0.0.1:4318")

    with pytest.raises(InvalidSettings, match=r"TRACING_ENDPOINT.*\[tracing\]"):
        check_observing(settings)


def test_untraced_work_costs_neither_notes_nor_spans() -> None:
    with tracing().entry("handle", NOTED, {"queue": "bulk"}) as span, tracing().span("fetch"):
        span.set({"outcome": "done"}, failed=False)
        tracing().past({"detect": 1.0})
        assert tracing().notes() == {}
    start_tracing(Settings(_env_file=None), "efr-worker")
    tracing().stop()


def test_spans_that_wait_are_sent_at_the_stop() -> None:
    with TraceSink() as sink:
        tracer = OtlpTracing.to(sink.address, share=1.0, service="efr-worker")
        with tracer.entry("handle", NOTED, {"queue": "bulk"}):
            pass
        tracer.stop()

    (span,) = sink.sent
    assert (span.trace_id, span.parent_id, span.service) == (TRACE, SPAN, "efr-worker")
    assert span.attributes == {"queue": "bulk"}


def test_share_of_zero_sends_nothing() -> None:
    with TraceSink() as sink:
        tracer = OtlpTracing.to(sink.address, share=0.0, service="efr-worker")
        with tracer.entry("handle", NOTED):
            pass
        tracer.stop()

    assert sink.bodies == []


@pytest.mark.parametrize("status", [401, 500, 503])
def test_collector_that_refuses_costs_one_log_line_and_its_recovery_another(
    status: int, log_lines: LogLines
) -> None:
    with TraceSink(status=status) as sink:
        tracer = OtlpTracing.to(sink.address, share=1.0, service="efr-worker")
        with tracer.entry("handle", {}):
            pass
        wait_until(log_lines, seconds=30)
        refused = len(sink.bodies)
        with tracer.entry("handle", {}):
            pass
        wait_until(lambda: len(sink.bodies) > refused, seconds=30)
        sink.status = 200
        with tracer.entry("handle", {}):
            pass
        wait_until(lambda: len(log_lines()) == 2, seconds=30)
        tracer.stop()

    assert [line["message"] for line in log_lines()] == [
        "traces are not sent",
        "traces are sent again",
    ]
    assert log_lines()[0]["reason"] == f"HTTP {status}"


class _Elsewhere(QuietHandler):
    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_collector_that_sends_elsewhere_is_not_followed(log_lines: LogLines) -> None:
    sink = HttpThread()
    sink.listen(_Elsewhere)
    with sink:
        tracer = OtlpTracing.to(sink.address, share=1.0, service="efr-worker")
        with tracer.entry("handle", {}):
            pass
        wait_until(log_lines, seconds=30)
        tracer.stop()

    assert [line["reason"] for line in log_lines()] == ["HTTP 307"]


def test_neither_work_nor_stop_waits_for_a_collector_that_never_answers(
    log_lines: LogLines,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        tracer = OtlpTracing.to(f"http://127.0.0.1:{port}", share=1.0, service="efr-worker")
        for _ in range(10_000):  # more than may wait
            with tracer.entry("handle", {}):
                pass
        tracer.stop()

        assert "traces-end" in {thread.name for thread in threading.enumerate()}
        wait_until(log_lines, seconds=60)
        assert [line["reason"] for line in log_lines()] == ["no answer"]
