"""Keeps messages in flight invisible to other workers, from receipt to settlement."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage

log = logging.getLogger(__name__)

MAX_IN_FLIGHT_S: Final = 12 * 3600.0
"""SQS extends no message beyond this time since it was received."""
_BATCH: Final = 10


@dataclass(kw_only=True)
class _Tracked:
    message: ReceivedMessage
    received_at_s: float
    hidden_until_s: float


class VisibilityHeartbeat:
    """Extends the visibility of tracked messages, so that a slow job never runs twice at once.

    Parameters
    ----------
    queue : JobQueue
    visibility_s : float
        What each receive and each beat set.
    interval_s : float
        Time between two beats; 0 turns the heartbeat off.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        queue: JobQueue,
        *,
        visibility_s: float,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.visibility_s: Final = visibility_s
        self.clock: Final = clock
        self._queue = queue
        self._interval_s = interval_s
        self._beaten_at_s = clock()
        self.is_failing = False
        """Whether the queue did not answer the last beat."""
        self._tracked: dict[str, _Tracked] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def track(self, messages: Sequence[ReceivedMessage]) -> None:
        """Extend the visibility of messages that were just received, until they are forgotten."""
        now_s = self.clock()
        with self._lock:
            for message in messages:
                self._tracked[message.receipt] = _Tracked(
                    message=message,
                    received_at_s=now_s,
                    hidden_until_s=now_s + self.visibility_s,
                )

    def forget(self, message: ReceivedMessage) -> None:
        """Never extend a message again; no error if it is not tracked."""
        with self._lock:
            self._tracked.pop(message.receipt, None)

    def is_hidden(self, message: ReceivedMessage) -> bool:
        """Tell whether a tracked message is surely still invisible to others."""
        with self._lock:
            tracked = self._tracked.get(message.receipt)
            return tracked is not None and self.clock() < tracked.hidden_until_s

    def has_in_flight(self) -> bool:
        """Tell whether a message is in flight: received and not settled."""
        with self._lock:
            return bool(self._tracked)

    def beat_if_due(self) -> None:
        """Beat unless there was a beat in the last third of the visibility timeout.

        So messages that wait for S3 to come back stay hidden without a thread, too.
        """
        if self.clock() - self._beaten_at_s >= self.visibility_s / 3:
            self.beat()

    def beat(self) -> None:
        """Extend every tracked message once; release those that SQS would not extend."""
        self._beaten_at_s = self.clock()
        with self._lock:
            receipts = list(self._tracked)
        for start in range(0, len(receipts), _BATCH):
            # Under the lock, so that no message is extended after it was forgotten.
            with self._lock:
                batch = [
                    self._tracked[receipt]
                    for receipt in receipts[start : start + _BATCH]
                    if receipt in self._tracked
                ]
                oldest_s = self.clock() - (MAX_IN_FLIGHT_S - self.visibility_s)
                self._extend([one for one in batch if one.received_at_s > oldest_s])
                self._release([one for one in batch if one.received_at_s <= oldest_s])

    def start(self) -> None:
        if self._interval_s > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _extend(self, batch: list[_Tracked]) -> None:
        # Counted from before the request, because SQS counts from some moment during it.
        hidden_until_s = self.clock() + self.visibility_s
        refused = self._change(batch, self.visibility_s)
        for tracked in batch:
            if tracked.message.receipt not in refused:
                tracked.hidden_until_s = hidden_until_s

    def _release(self, batch: list[_Tracked]) -> None:
        for tracked in batch:
            del self._tracked[tracked.message.receipt]
            log.warning("message was in flight too long", extra={"job": tracked.message.body[:36]})
        self._change(batch, 0)

    def _change(self, batch: list[_Tracked], seconds: float) -> set[str]:
        """Set a visibility; return the receipts of the messages of which it was not."""
        messages = [tracked.message for tracked in batch]
        if not messages:
            return set()
        try:
            refused = self._queue.set_visibility_many(messages, seconds)
        except ServiceUnavailable as error:
            log.warning("visibility could not be changed", extra={"reason": str(error)})
            refused = messages
            self.is_failing = True
        else:
            self.is_failing = False
            for message in refused:
                log.warning("visibility was not changed", extra={"job": message.body[:36]})
        return {message.receipt for message in refused}

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                self.beat()
            except Exception:
                log.exception("heartbeat missed a beat")
