"""A lane: one queue and what belongs to it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage
from core.worker.acknowledger import Acknowledger
from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.job_handler import JobHandler
from core.worker.visibility_heartbeat import VisibilityHeartbeat

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
    sweeper: DeadLetterSweeper
    on_work: Callable[[], None]

    def receivable(self, limit: int) -> int:
        """Return how many messages to receive at most, up to ``limit``.

        None while messages can't be deleted, and one at a time while they can't be kept
        hidden: others would come back before their turn, and use up their receives.
        """
        if self.acknowledger.is_behind:
            return 0
        if self.heartbeat.is_failing:
            return 0 if self.heartbeat.has_in_flight() else min(limit, 1)
        return limit

    def receive(self, *, limit: int, wait_s: float) -> list[ReceivedMessage]:
        """Wait for up to ``limit`` messages, and keep them invisible until they are settled."""
        messages = self.queue.receive(
            limit=limit, wait_s=wait_s, visibility_s=self.heartbeat.visibility_s
        )
        self.heartbeat.track(messages)
        if messages:
            self.on_work()
        return messages

    def release(self, messages: Sequence[ReceivedMessage]) -> None:
        """Give messages back, so that another worker gets them at once.

        Of a message at its last receive a copy is sent: the queue would give up the message
        itself, although nobody has tried its job to the end.
        """
        if not messages:
            return
        for message in messages:
            self.heartbeat.forget(message)
        at_last = [one for one in messages if one.receive_count >= self.handler.max_receive_count]
        try:
            self.queue.send_many([message.body for message in at_last])
            for message in at_last:
                self.acknowledger.delete(message)
            others = [message for message in messages if message not in at_last]
            refused = self.queue.set_visibility_many(others, 0)
        except ServiceUnavailable as error:
            log.warning("messages were not released", extra={"reason": str(error)})
        else:
            log.info(
                "messages were released",
                extra={"lane": self.name, "count": len(messages) - len(refused)},
            )
