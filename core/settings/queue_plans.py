"""What each queue of the service is to be like, wherever it is."""

from dataclasses import dataclass
from typing import Final

from core.settings.settings import Settings

_RETENTION_S: Final = 4 * 24 * 3600
# SQS keeps a message's first enqueue time when it moves it: a dead-letter
# queue that forgot as fast as its source would lose what arrives late.
_DEAD_LETTER_RETENTION_S: Final = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class QueuePlan:
    """A queue as the service wants it; dead letters go to the queue of that name.

    ``visibility_s`` is None where the service says it with each receive.
    """

    name: str
    retention_s: int
    visibility_s: int | None = None
    dead_letters: str | None = None
    max_receive_count: int = 0


def queue_plans(settings: Settings) -> list[QueuePlan]:
    """Return all queues; one whose messages may move to another stands behind it."""
    plans = []
    for name, dead_letters in (
        (settings.sqs_req_queue_name, settings.dead_letter_queue_name),
        (settings.sqs_index_queue_name, settings.index_dead_letter_queue_name),
        (settings.sqs_webhook_queue_name, settings.webhook_dead_letter_queue_name),
    ):
        plans += [
            QueuePlan(name=dead_letters, retention_s=_DEAD_LETTER_RETENTION_S),
            QueuePlan(
                name=name,
                retention_s=_RETENTION_S,
                visibility_s=settings.sqs_visibility_timeout_seconds,
                dead_letters=dead_letters,
                max_receive_count=settings.sqs_max_receive_count,
            ),
        ]
    return [*plans, QueuePlan(name=settings.sqs_resp_queue_name, retention_s=_RETENTION_S)]
