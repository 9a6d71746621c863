"""Traces of what runs in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from core.host.otlp import OtlpTracing
from core.host.tracing import trace_with, tracing


class Kept:
    """The spans that were made; each by its name, if only one has it."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def spans(self) -> list[ReadableSpan]:
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    @property
    def traces(self) -> set[int]:
        return {span.context.trace_id for span in self.spans if span.context is not None}

    def __getitem__(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def below(self, name: str) -> list[list[str]]:
        """Return the names of the spans directly below each span of that name."""
        ids = [span.context.span_id for span in self.spans if span.name == name and span.context]
        return [
            [span.name for span in self.spans if span.parent and span.parent.span_id == span_id]
            for span_id in ids
        ]

    def parent_of(self, name: str) -> str:
        """Return the name of the span above; nothing if that was not made here."""
        parent = self[name].parent
        found = [
            span.name
            for span in self.spans
            if parent is not None and span.context is not None
            if span.context.span_id == parent.span_id
        ]
        return found[0] if found else ""


@contextmanager
def traced(share: float = 1.0) -> Iterator[Kept]:
    """Keep the spans of the block."""
    exporter, before = InMemorySpanExporter(), tracing()
    provider = TracerProvider(
        sampler=TraceIdRatioBased(share), resource=Resource({}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(OtlpTracing(provider))
    try:
        yield Kept(exporter)
    finally:
        trace_with(before)
