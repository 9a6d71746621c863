"""Keeps the messages of running jobs invisible to other workers."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage

log = logging.getLogger(__name__)


class VisibilityHeartbeat:
    """Extends the visibility of covered messages, so that a slow job never runs twice at once.

    Parameters
    ----------
    queue : JobQueue
    visibility_s : float
        What each beat sets.
    interval_s : float
        Time between two beats; 0 turns the heartbeat off.
    """

    def __init__(self, queue: JobQueue, *, visibility_s: float, interval_s: float) -> None:
        self._queue = queue
        self._visibility_s = visibility_s
        self._interval_s = interval_s
        self._covered: dict[str, ReceivedMessage] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @contextmanager
    def covering(self, message: ReceivedMessage) -> Iterator[None]:
        """Extend the visibility of a message for as long as the block runs."""
        with self._lock:
            self._covered[message.receipt] = message
        try:
            yield
        finally:
            with self._lock:
                del self._covered[message.receipt]

    def beat(self) -> None:
        """Extend every covered message once."""
        # Under the lock, so that no message is extended after its block has ended.
        with self._lock:
            for message in self._covered.values():
                try:
                    self._queue.set_visibility(message, self._visibility_s)
                except ServiceUnavailable as error:
                    log.warning(
                        "visibility could not be extended",
                        extra={"job": message.body[:36], "reason": str(error)},
                    )

    def start(self) -> None:
        if self._interval_s > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                self.beat()
            except Exception:
                log.exception("heartbeat missed a beat")
