"""The worker: serves its lanes until it is told to stop."""

import logging
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from core.worker.consumer import LaneConsumer
from core.worker.lane import Lane
from core.worker.outcomes import Outcome
from core.worker.unknown_faces import UnknownFacesWork

log = logging.getLogger(__name__)

_MIN_PREFETCH: Final = 10
_MAX_PREFETCH: Final = 20
_PREFETCH_PER_CHILD: Final = 4
_ROUND_S: Final = 1.0
_MAX_PAUSE_S: Final = 10.0


class Worker:
    """Runs until it is told to stop.

    Parameters
    ----------
    lanes : sequence of Lane
    children : int
        Photos that are recognised at a time.
    wait_s : float
        Long poll of one receive.
    grace_s : float
        Time that running jobs get to finish after ``stop()``.
    stop_recognizer : callable
        Kills what still runs when the grace is over.
    on_alive : callable
        Called in every round, for health checks.
    unknown_faces : UnknownFacesWork, optional
        What is done in every round for faces that nobody named.
    """

    def __init__(
        self,
        *,
        lanes: Sequence[Lane],
        children: int,
        wait_s: float,
        grace_s: float,
        stop_recognizer: Callable[[], None],
        on_alive: Callable[[], None],
        unknown_faces: UnknownFacesWork | None = None,
    ) -> None:
        self._unknown_faces = unknown_faces
        self._sweepers = [lane.sweeper for lane in lanes if lane.sweeper is not None]
        self._inboxes = [lane.inbox for lane in lanes]
        self._children = children
        self._grace_s = grace_s
        self._stop_recognizer = stop_recognizer
        self._on_alive = on_alive
        self._stops: SimpleQueue[None] = SimpleQueue()
        ahead = min(_MAX_PREFETCH, max(_MIN_PREFETCH, _PREFETCH_PER_CHILD * children))
        self._consumers = [
            LaneConsumer(lane, threads=lane.threads, capacity=ahead, wait_s=wait_s)
            for lane in lanes
        ]

    def stop(self) -> None:
        """Ask ``run()`` to end; safe to call from a signal handler."""
        self._stops.put(None)

    def is_busy(self) -> bool:
        """Tell whether a message of any lane is in flight."""
        return any(inbox.is_busy() for inbox in self._inboxes)

    def run(self) -> None:
        """Receive and handle until ``stop()``, then drain."""
        for consumer in self._consumers:
            consumer.start()
        log.info("worker started", extra={"children": self._children})
        pause_s = 0.0
        while not self._stopping(pause_s):
            try:
                if all(consumer.is_well() for consumer in self._consumers):
                    self._on_alive()
                self._housekeep()
                pause_s = _ROUND_S
            except Exception:
                pause_s = _MAX_PAUSE_S
                log.exception("worker's round broke off", extra={"pause_s": pause_s})
        self.drain()

    def run_once(self) -> list[Outcome]:
        """Do one round of everything in this thread, without those that ``run()`` starts."""
        self._housekeep()
        return [outcome for consumer in self._consumers for outcome in consumer.step()]

    def drain(self) -> None:
        """Let running jobs finish within the grace, give the others back, end all threads."""
        log.info("worker is draining")
        until_s = time.monotonic() + self._grace_s
        for consumer in self._consumers:
            consumer.stop_receiving()
        unfinished = sum(consumer.finish(until_s) for consumer in self._consumers)
        for consumer in self._consumers:
            consumer.release_unfinished()
        self._stop_recognizer()
        for consumer in self._consumers:
            consumer.close()
        if self._unknown_faces is not None:
            self._unknown_faces.flush()
        log.info("worker stopped", extra={"released": unfinished})

    def _housekeep(self) -> None:
        """Sweep dead letters, keep hidden what waits to be tried again, and keep unknown faces."""
        for consumer in self._consumers:
            consumer.housekeep()
        for sweeper in self._sweepers:
            sweeper.sweep_if_due()
        if self._unknown_faces is not None:
            self._unknown_faces.step()

    def _stopping(self, pause_s: float) -> bool:
        """Sleep for the pause, but not past a stop; tell whether there is one."""
        try:
            self._stops.get(timeout=pause_s)
        except Empty:
            return False
        return True
