"""Events, and the messages by which they travel to the worker that delivers them.

An event holds ids and no names. Its id is made from what it tells of, so that a worker that
tells of a job twice gives the same id to both.
"""

import uuid
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from core.errors import MalformedMessage
from core.ground.records import Frozen
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobFailed
from core.jobs.results import JobResult
from core.jobs.webhooks.endpoints import EventType

TEST: Final = "webhook.test"
_NAMESPACE: Final = uuid.UUID("6c6f1c52-0f5e-4f0b-9a0e-0b6a3a1d3c55")

AnyType = EventType | Literal["webhook.test"]
Data = dict[str, str | int | None]


class Event(Frozen):
    """Something that happened; ``data`` holds ids and numbers."""

    event_id: str
    type: AnyType
    timestamp: AwareDatetime
    data: Data

    @classmethod
    def of(cls, kind: AnyType, data: Data, *, subject: str, now: datetime) -> Self:
        """Return the event of that kind about a subject, always under the same id."""
        event_id = str(uuid.uuid5(_NAMESPACE, f"{kind}/{subject}"))
        return cls(event_id=event_id, type=kind, timestamp=now, data=data)


def of_result(result: JobResult, batch_id: str | None, now: datetime) -> Event:
    """Return the event of a job that has ended."""
    data: Data = {"job_id": result.job_id, "collection_id": result.collection_id}
    if batch_id is not None:
        data["batch_id"] = batch_id
    if isinstance(result, JobFailed):
        data["code"] = result.error.code
        return Event.of("job.failed", data, subject=result.job_id, now=now)
    data["kind"] = "index" if isinstance(result, IndexDone) else "recognition"
    return Event.of("job.done", data, subject=result.job_id, now=now)


class DeliveryMessage(Frozen):
    """An event on its way to one endpoint.

    ``url`` is another address of the endpoint's host that an upload asked for. ``attempts`` are
    those that failed so far, since the replay if it is one. ``deferred`` counts how often there
    was no room for it. It is not sent before ``due_at``, in seconds since 1970.
    """

    kind: Literal["delivery"] = "delivery"
    webhook_id: str
    event: Event
    url: str | None = None
    attempts: int = 0
    deferred: int = 0
    is_replay: bool = False
    due_at: float = 0


class BatchWatch(Frozen):
    """A batch that is looked at from time to time until all its photos are done."""

    kind: Literal["batch"] = "batch"
    batch_id: str
    since: float
    due_at: float = 0


WebhookMessage = DeliveryMessage | BatchWatch
_MESSAGE: Final[TypeAdapter[WebhookMessage]] = TypeAdapter(
    Annotated[WebhookMessage, Field(discriminator="kind")]
)


def message_from(body: str) -> WebhookMessage:
    """Read a message's body.

    Raises
    ------
    MalformedMessage
        If it is none of these messages.
    """
    try:
        return _MESSAGE.validate_json(body)
    except ValidationError as error:
        raise MalformedMessage(body) from error
