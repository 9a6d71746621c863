"""Traces that go to a collector over OTLP, by OpenTelemetry: an extra.

Spans wait in a queue of bounded length, from which a thread sends them. A collector that is away,
slow or refuses costs spans, and no request or job ever waits for it.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.errors import FaceServiceError
from core.ground.realms import TRACE_NOTE
from core.host.logs import log_fields
from core.host.tracing import ERROR, NONE, SPANS, UNTRACED_SPAN, Attributes, Span

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 4096
_MOST_AT_ONCE: Final = 512
_SENT_EVERY_S: Final = 1.0
_TIMEOUT_S: Final = 5.0
"""Of sending once, with what is tried again."""
_STOP_S: Final = 3.0
_ROLES: Final = {role.name.lower(): role for role in trace.SpanKind}
_TRACEPARENT: Final = TraceContextTextMapPropagator()


class OtlpTracing:
    """Makes spans of OpenTelemetry; keeps the contract of ``Tracing``.

    Parameters
    ----------
    provider : TracerProvider
        Knows which traces are sent, and where to.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("elastic-face-recognition")

    @classmethod
    def to(cls, endpoint: str, *, share: float, service: str) -> "OtlpTracing":
        """Return what sends that share of all traces to a collector, from a thread of its own."""
        return cls.by(_Exporter(endpoint), share=share, service=service)

    @classmethod
    def by(cls, exporter: SpanExporter, *, share: float, service: str) -> "OtlpTracing":
        """Return what sends that share of all traces by an exporter.

        The trace's id decides whether it is sent, so that all processes agree without asking.
        """
        # What the library itself logs of a collector that is away is a line each second.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        provider = TracerProvider(
            sampler=TraceIdRatioBased(share),
            resource=Resource({"service.name": service}),
            span_limits=SpanLimits(max_attribute_length=200),
            shutdown_on_exit=False,  # it waits for half a minute
        )
        provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_MOST_WAITING,
                max_export_batch_size=_MOST_AT_ONCE,
                schedule_delay_millis=_SENT_EVERY_S * 1000,
            )
        )
        return cls(provider)

    @contextmanager
    def entry(
        self, kind: str, noted: Mapping[str, str], attributes: Attributes = NONE, *, name: str = ""
    ) -> Iterator[Span]:
        asker = _TRACEPARENT.extract({TRACE_NOTE: noted.get(TRACE_NOTE, "")}, Context())
        with self._begun(kind, asker, attributes, name) as span:
            trace_id = trace.format_trace_id(span.get_span_context().trace_id)
            with log_fields(trace_id=trace_id):
                yield _OpenSpan(span)

    def span(self, kind: str) -> AbstractContextManager[Span]:
        if not trace.get_current_span().is_recording():
            return UNTRACED_SPAN
        return self._part(kind)

    def past(self, spent_ms: Mapping[str, float]) -> None:
        if not trace.get_current_span().is_recording():
            return
        at_ns = time.time_ns() - _ns(sum(spent_ms.values()))
        for kind, each_ms in spent_ms.items():
            span = self._tracer.start_span(kind, start_time=at_ns)
            at_ns += _ns(each_ms)
            span.end(at_ns)

    def notes(self) -> dict[str, str]:
        noted: dict[str, str] = {}
        _TRACEPARENT.inject(noted)
        return noted

    def stop(self) -> None:
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(_STOP_S)

    @contextmanager
    def _part(self, kind: str) -> Iterator[Span]:
        with self._begun(kind, None, NONE) as span:
            yield _OpenSpan(span)

    @contextmanager
    def _begun(
        self, kind: str, asker: Context | None, attributes: Attributes, name: str = ""
    ) -> Iterator[trace.Span]:
        span = self._tracer.start_span(
            name or kind, asker, _ROLES[SPANS[kind].role], attributes=dict(attributes)
        )
        # Not what an exception says: it may name a person or a file.
        with trace.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield span
            except Exception as error:
                _OpenSpan(span).set({ERROR: _code(error)}, failed=True)
                raise


class _OpenSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Attributes, *, failed: bool = False) -> None:
        self._span.set_attributes(dict(attributes))
        if failed:
            self._span.set_status(trace.StatusCode.ERROR)


class _Exporter(OTLPSpanExporter):
    """Sends spans, and logs one line when that fails and one when it works again."""

    def __init__(self, endpoint: str) -> None:
        session = requests.Session()
        session.hooks["response"].append(self._note_answer)
        session.max_redirects = 0  # a key of the collector's is not for another one
        self._fails = False
        self._answer = ""
        super().__init__(f"{endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT_S, session=session)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._answer = "no answer"
        try:
            result = super().export(spans)
        except Exception:  # noqa: BLE001 - the library would say it where nobody looks
            result = SpanExportResult.FAILURE
        fails = result is not SpanExportResult.SUCCESS
        if fails and not self._fails:
            log.warning("traces are not sent", extra={"reason": self._answer})
        elif self._fails and not fails:
            log.info("traces are sent again")
        self._fails = fails
        return result

    def _note_answer(self, answer: requests.Response, **_: object) -> None:
        self._answer = f"HTTP {answer.status_code}"


def _code(error: Exception) -> str:
    return error.code if isinstance(error, FaceServiceError) else type(error).__name__


def _ns(milliseconds: float) -> int:
    return round(milliseconds * 1e6)
