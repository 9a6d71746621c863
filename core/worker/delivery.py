"""A worker's messages: hidden from other workers until a verb of their delivery settles them."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage
from core.worker.acknowledger import Acknowledger
from core.worker.unreadable import REASON
from core.worker.visibility_heartbeat import VisibilityHeartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One receive of a message. Others do not see it until a verb settles it."""

    message: ReceivedMessage
    inbox: "Inbox"

    @property
    def body(self) -> str:
        return self.message.body

    @property
    def receive_count(self) -> int:
        return self.message.receive_count

    @property
    def is_last_receive(self) -> bool:
        """Whether SQS gives the message up when it is to be received again."""
        return self.receive_count >= self.inbox.max_receive_count

    @property
    def is_hidden(self) -> bool:
        """Whether surely no other worker has got the message meanwhile."""
        return self.inbox.heartbeat.is_hidden(self.message)

    def acknowledge(self) -> None:
        """Delete the message soon: its job has its result."""
        self.let_go()
        self.inbox.acknowledger.delete(self.message)

    def retry(self, *, after_s: float) -> None:
        """Let any worker receive the message again after a pause."""
        self.let_go()  # first, because a beat after the request would replace the pause
        self.inbox.queue.set_visibility(self.message, after_s)

    def give_up(self) -> None:
        """Let SQS move the message to the dead-letter queue, after its last receive."""
        self.retry(after_s=0)

    def dead_letter(self, reason: str) -> None:
        """Move the message to the dead-letter queue, and note why."""
        # The copy first: a worker that dies in between leaves two messages, never none.
        self.inbox.dead_letters.send(self.body, notes={**self.message.notes, REASON: reason})
        self.acknowledge()

    def release(self) -> None:
        """Give the message back as `Inbox.release` does."""
        self.inbox.release([self])

    def let_go(self) -> None:
        """Hide the message no longer than the queue does by itself."""
        self.inbox.heartbeat.forget(self.message)


class Inbox:
    """One queue as a worker sees it.

    Parameters
    ----------
    name : str
        The lane's, for the log.
    queue : JobQueue
    dead_letters : JobQueue
        Where messages go that are no jobs.
    max_receive_count : int
        Receives after which SQS dead-letters a message.
    visibility_s : float
        How long a message stays hidden after a receive, and after each beat.
    heartbeat_s : float
        Time between two beats; 0 lets nothing beat by itself.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        queue: JobQueue,
        dead_letters: JobQueue,
        *,
        max_receive_count: int,
        visibility_s: float,
        heartbeat_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.queue = queue
        self.dead_letters = dead_letters
        self.max_receive_count = max_receive_count
        self.clock = clock
        self.heartbeat = VisibilityHeartbeat(
            queue, visibility_s=visibility_s, interval_s=heartbeat_s, clock=clock
        )
        self.acknowledger = Acknowledger(queue, self.heartbeat)

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

    def receive(self, *, limit: int, wait_s: float) -> list[Delivery]:
        """Wait for up to ``limit`` messages, and keep them hidden until they are settled."""
        messages = self.queue.receive(
            limit=limit, wait_s=wait_s, visibility_s=self.heartbeat.visibility_s
        )
        self.heartbeat.track(messages)
        return [Delivery(message=message, inbox=self) for message in messages]

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give messages back, so that another worker gets them at once.

        Of a message at its last receive a copy is sent: the queue would give up the message
        itself, although nobody has tried its job to the end.
        """
        if not deliveries:
            return
        for delivery in deliveries:
            delivery.let_go()
        at_last = [one for one in deliveries if one.is_last_receive]
        others = [one.message for one in deliveries if not one.is_last_receive]
        try:
            # The copies first, so that a worker that dies in between loses no job.
            self.queue.send_many(
                [one.body for one in at_last], notes=[one.message.notes for one in at_last]
            )
            for one in at_last:
                one.acknowledge()
            refused = self.queue.set_visibility_many(others, 0)
        except ServiceUnavailable as error:
            log.warning("messages were not released", extra={"reason": str(error)})
        else:
            log.info(
                "messages were released",
                extra={"lane": self.name, "count": len(deliveries) - len(refused)},
            )

    def is_busy(self) -> bool:
        """Tell whether a message is in flight: received and not settled."""
        return self.heartbeat.has_in_flight()

    def keep_hidden(self, *, waits: bool) -> None:
        """Beat if it is due, where no thread does: jobs or deletions wait to be tried again."""
        if waits or self.acknowledger.is_behind:
            self.heartbeat.beat_if_due()

    def start(self) -> None:
        """Start the threads that keep messages hidden and delete them."""
        self.heartbeat.start()
        self.acknowledger.start()

    def flush(self) -> None:
        """Delete what was acknowledged so far, in this thread."""
        self.acknowledger.flush()

    def stop(self) -> None:
        """Delete the last messages, and end the threads."""
        self.acknowledger.stop()
        self.heartbeat.stop()
