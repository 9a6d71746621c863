"""What the queues of the service hold, for whoever runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.ground.records import Frozen
from core.scaling.policy import Depth

QueueKind = Literal["request", "index", "webhook"]
"""What a queue is for, as ``efr dead-letters --queue`` names it."""


class QueueContent(Frozen):
    """How many messages wait in a queue, are in work, and were given up. SQS counts roughly."""

    queue: QueueKind
    waiting: int
    in_flight: int
    dead_letters: int


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Counts the messages of the queues.

    Parameters
    ----------
    depths : mapping
        For each kind, what counts the messages of its queue, and those of its dead letters.
    last_work : callable
        Returns when a worker last had a job, None if that is not known.
    """

    depths: Mapping[QueueKind, tuple[Callable[[], Depth], Callable[[], Depth]]]
    last_work: Callable[[], datetime | None]

    def look(self) -> list[QueueContent]:
        """Return what the queues hold now.

        Raises
        ------
        QueueUnavailable
            If SQS does not answer or a queue is missing.
        """
        return [
            _content(queue, depth(), dead_letters())
            for queue, (depth, dead_letters) in self.depths.items()
        ]


def _content(queue: QueueKind, depth: Depth, dead_letters: Depth) -> QueueContent:
    return QueueContent(
        queue=queue,
        waiting=depth.visible,
        in_flight=depth.in_flight,
        dead_letters=dead_letters.jobs,
    )
