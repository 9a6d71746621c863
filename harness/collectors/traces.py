"""A collector of traces: OTLP over HTTP, in a thread, with what it was sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from harness.collectors.http_thread import HttpThread, QuietHandler

Branch = tuple[str, list["Branch"]]
"""A span's name, and those below it."""


@dataclass(frozen=True, kw_only=True)
class SentSpan:
    """A span as it was sent."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    attributes: dict[str, str]
    failed: bool
    start_ns: int
    end_ns: int

    @classmethod
    def of(cls, span: Span, service: str) -> Self:
        return cls(
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            name=span.name,
            service=service,
            attributes={
                each.key: each.value.string_value or str(each.value.int_value)
                for each in span.attributes
            },
            failed=span.status.code == Status.STATUS_CODE_ERROR,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
        )


@dataclass(kw_only=True)
class TraceSink(HttpThread):
    """Answers each request with a status, from ``with`` on.

    ``sent`` is what all requests brought, whatever they were answered; ``bodies`` are the requests.
    """

    status: int = 200
    sent: list[SentSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"sink": self})
        self.listen(handler)

    def of_trace(self, trace_id: str) -> list[SentSpan]:
        """Return the spans of a trace, in the order of their beginnings."""
        found = [span for span in self.sent if span.trace_id == trace_id]
        return sorted(found, key=lambda span: span.start_ns)

    def take(self, body: bytes) -> None:
        self.bodies.append(body)
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(
                each.value.string_value
                for each in part.resource.attributes
                if each.key == "service.name"
            )
            for scope in part.scope_spans:
                self.sent += [SentSpan.of(span, service) for span in scope.spans]


class _Handler(QuietHandler):
    sink: TraceSink

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        body = self.body()
        if self.path == "/v1/traces":
            self.sink.take(body)
        self.answer(self.sink.status)


def tree(spans: Sequence[SentSpan], parent_id: str = "") -> list[Branch]:
    """Return the names of spans below a parent, each with the same of itself, by their times."""
    below = sorted(
        (span for span in spans if span.parent_id == parent_id), key=lambda span: span.start_ns
    )
    return [(span.name, tree(spans, span.span_id)) for span in below]
