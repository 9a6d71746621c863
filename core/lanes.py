"""A lane: one queue and what belongs to it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.acknowledger import Acknowledger
from core.dead_letters import DeadLetterSweeper
from core.errors import ServiceUnavailable
from core.job_handler import JobHandler
from core.ports import JobQueue, ReceivedMessage
from core.visibility import VisibilityHeartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One queue, who settles its messages, and who keeps, deletes and sweeps them.

    ``threads`` messages are handled at a time: most of them wait for the network.
    ``on_work`` is called whenever messages were received.
    """

    name: str
    threads: int
    queue: JobQueue
    handler: JobHandler[Any]
    heartbeat: VisibilityHeartbeat
    acknowledger: Acknowledger
    sweeper: DeadLetterSweeper[Any]
    on_work: Callable[[], None]

    def receive(self, *, limit: int, wait_s: float) -> list[ReceivedMessage]:
        """Wait for up to ``limit`` messages, and keep them invisible until they are settled."""
        messages = self.queue.receive(
            limit=limit, wait_s=wait_s, visibility_s=self.heartbeat.visibility_s
        )
        self.heartbeat.cover(messages)
        if messages:
            self.on_work()
        return messages

    def release(self, messages: Sequence[ReceivedMessage]) -> None:
        """Give messages back, so that another worker gets them at once."""
        if not messages:
            return
        for message in messages:
            self.heartbeat.uncover(message)
        try:
            refused = self.queue.set_visibility_many(messages, 0)
        except ServiceUnavailable as error:
            log.warning("messages were not released", extra={"reason": str(error)})
        else:
            log.info(
                "messages were released",
                extra={"lane": self.name, "count": len(messages) - len(refused)},
            )
