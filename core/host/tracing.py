"""What the processes tell of one request or job in a trace, and how the trace travels on.

Without ``TRACING_ENDPOINT`` nothing is told, and nothing of OpenTelemetry is imported. No span
says of whom or of which file it tells: it has the attributes that `SPANS` lists, and no other.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Value = str | int | float
Attributes = Mapping[str, Value]
NONE: Final[Attributes] = {}
JOB: Final = "job.id"
ERROR: Final = "error.type"
"""The code of an error, or the name of its class."""


@dataclass(frozen=True, kw_only=True)
class SpanKind:
    """A kind of span: who makes it, what it is the time of, and its attributes."""

    says: str
    by: str = "worker"
    role: Literal["server", "producer", "consumer", "client", "internal"] = "internal"
    attributes: tuple[str, ...] = ()


SPANS: Final = {
    "request": SpanKind(
        says="a request, named by its method and route",
        by="web tier",
        role="server",
        attributes=("http.request.method", "http.route", "http.response.status_code", JOB),
    ),
    "store photo": SpanKind(says="the photo goes to the input bucket", by="web tier"),
    "send job": SpanKind(says="the message goes to the queue", by="web tier", role="producer"),
    "wait": SpanKind(says="the web tier waits for the result", by="web tier"),
    "handle": SpanKind(
        says="one attempt at a message, from its turn to its outcome",
        role="consumer",
        attributes=("queue", "outcome", "receive_count", "waited_ms", JOB),
    ),
    "fetch": SpanKind(says="the photo comes from its bucket"),
    "recognise": SpanKind(says="a child is waited for and has the photo", by="either"),
    "decode": SpanKind(says="the child decodes the photo", by="either"),
    "detect": SpanKind(says="the child finds faces", by="either"),
    "align": SpanKind(says="the child finds landmarks and cuts faces out", by="either"),
    "crop": SpanKind(says="the child makes the crops that are kept", by="either"),
    "embed": SpanKind(says="the child computes embeddings", by="either"),
    "search": SpanKind(says="people are looked up", by="either"),
    "enrol": SpanKind(says="faces are enrolled"),
    "store": SpanKind(says="the result goes to the output bucket"),
    "send event": SpanKind(says="events go to their queue", by="either", role="producer"),
    "deliver": SpanKind(
        says="a receiver of a webhook is told",
        role="client",
        attributes=("attempt", "http.response.status_code"),
    ),
    "sweep": SpanKind(says="a dead letter's job gets its result", attributes=(JOB,)),
}
"""All kinds of spans; any of them may have ``error.type`` too."""


class Span(Protocol):
    """What is told of something while it lasts."""

    def set(self, attributes: Attributes, *, failed: bool = False) -> None:
        """Say more of it, and whether it failed."""
        ...


class Tracing(Protocol):
    """Makes spans; safe to use from several threads."""

    def entry(
        self, kind: str, noted: Mapping[str, str], attributes: Attributes = NONE, *, name: str = ""
    ) -> AbstractContextManager[Span]:
        """Trace what this process was asked for, as part of the trace that the asker noted.

        Its log lines have the trace's id. Without a well-formed note a new trace begins.

        Parameters
        ----------
        kind : str
            One of `SPANS`.
        noted : mapping
            Has the asker's ``traceparent``, among others.
        attributes : mapping
        name : str
            Instead of the kind's.
        """
        ...

    def span(self, kind: str) -> AbstractContextManager[Span]:
        """Trace a part of what is traced by this thread; without that, nothing."""
        ...

    def past(self, spent_ms: Mapping[str, float]) -> None:
        """Trace parts that followed one another and have ended just now, with their times."""
        ...

    def notes(self) -> dict[str, str]:
        """Return what continues the trace, to be sent with a message; nothing without a trace."""
        ...

    def stop(self) -> None:
        """Send what is left, for some seconds at most."""
        ...


class Untraced:
    """Traces nothing, and costs nothing."""

    def entry(
        self, kind: str, noted: Mapping[str, str], attributes: Attributes = NONE, *, name: str = ""
    ) -> AbstractContextManager[Span]:
        return UNTRACED_SPAN

    def span(self, kind: str) -> AbstractContextManager[Span]:
        return UNTRACED_SPAN

    def past(self, spent_ms: Mapping[str, float]) -> None:
        pass

    def notes(self) -> dict[str, str]:
        return {}

    def stop(self) -> None:
        pass


class _UntracedSpan:
    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def set(self, attributes: Attributes, *, failed: bool = False) -> None:
        pass


UNTRACED_SPAN: Final = _UntracedSpan()
_tracing: Tracing = Untraced()


def tracing() -> Tracing:
    """Return what traces in this process."""
    return _tracing


def trace_with(made: Tracing) -> None:
    """Trace with it from now on; in each process for itself, after it was forked."""
    global _tracing
    _tracing = made
