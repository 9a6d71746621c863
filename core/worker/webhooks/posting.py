"""One attempt at an event: sends it, signed, and tells what the receiver's reply means."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from core import __version__
from core.host.tracing import ERROR, Attributes, Value
from core.jobs.results import Results
from core.jobs.webhooks.endpoints import Endpoint
from core.jobs.webhooks.events import DeliveryMessage
from core.jobs.webhooks.payloads import payload
from core.jobs.webhooks.sender import Post, Reply
from core.jobs.webhooks.signing import signed_headers
from core.worker.webhooks.retries import MAX_ASKED_S

_THROTTLES: Final = (429, 502, 503, 504)


def post_event(
    message: DeliveryMessage,
    endpoint: Endpoint,
    *,
    post: Post,
    results: Results,
    now: Callable[[], float],
) -> Reply:
    """Send an event to where it goes, with the details that its endpoint wants."""
    event = message.event
    body = payload(event, results if endpoint.details else None)
    signed = signed_headers(
        event.event_id,
        int(now()),
        body,
        secrets=endpoint.signing(datetime.fromtimestamp(now(), UTC)),
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"elastic-face-recognition/{__version__}",
        **signed,
    }
    return post(message.url or endpoint.url, headers=headers, body=body)


def told(message: DeliveryMessage, reply: Reply) -> Attributes:
    """Return what a span tells of a delivery: not where it goes."""
    told: dict[str, Value] = {"attempt": message.attempts + 1}
    if reply.status is not None:
        told["http.response.status_code"] = reply.status
    return told if reply.is_accepted else {**told, ERROR: reply.text}


def asked_s(reply: Reply) -> float:
    """Return for how long the receiver is left alone because it asked for it."""
    return min(reply.retry_after_s, MAX_ASKED_S) if reply.status in _THROTTLES else 0
