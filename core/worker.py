"""The worker: serves its lanes until it is told to stop."""

import enum
import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from core.errors import ServiceUnavailable
from core.job_handler import Outcome
from core.lanes import Lane
from core.pipeline import Pipeline

log = logging.getLogger(__name__)

_MIN_PREFETCH: Final = 10
_MAX_PREFETCH: Final = 20
_PREFETCH_PER_CHILD: Final = 4
_ROUND_S: Final = 1.0
_MAX_PAUSE_S: Final = 10.0


class _Wake(enum.Enum):
    STOP = enum.auto()
    LOOK = enum.auto()


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
    check_stores : callable
        Raises ``ServiceUnavailable`` while S3 is away.
    stop_recognizer : callable
        Kills what still runs when the grace is over.
    on_alive : callable
        Called in every round, for health checks.
    """

    def __init__(
        self,
        *,
        lanes: Sequence[Lane],
        children: int,
        wait_s: float,
        grace_s: float,
        check_stores: Callable[[], None],
        stop_recognizer: Callable[[], None],
        on_alive: Callable[[], None],
    ) -> None:
        self._sweepers = [lane.sweeper for lane in lanes]
        self._heartbeats = [lane.heartbeat for lane in lanes]
        self._children = children
        self._grace_s = grace_s
        self._check_stores = check_stores
        self._stop_recognizer = stop_recognizer
        self._on_alive = on_alive
        self._in_doubt = threading.Event()
        self._wakes: SimpleQueue[_Wake] = SimpleQueue()
        ahead = min(_MAX_PREFETCH, max(_MIN_PREFETCH, _PREFETCH_PER_CHILD * children))
        self._pipelines = [
            Pipeline(
                lane,
                threads=lane.threads,
                capacity=ahead,
                wait_s=wait_s,
                on_doubt=self._doubt,
            )
            for lane in lanes
        ]

    def stop(self) -> None:
        """Ask ``run()`` to end; safe to call from a signal handler."""
        self._wakes.put(_Wake.STOP)

    def is_busy(self) -> bool:
        """Tell whether a message of any lane is in flight."""
        return any(heartbeat.covers_any() for heartbeat in self._heartbeats)

    def run(self) -> None:
        """Receive and handle until ``stop()``, then drain."""
        for pipeline in self._pipelines:
            pipeline.start()
        log.info("worker started", extra={"children": self._children})
        pause_s = 0.0
        while not self._stopping(pause_s):
            try:
                if all(pipeline.is_well() for pipeline in self._pipelines):
                    self._on_alive()
                self._look_after()
                pause_s = _ROUND_S
            except ServiceUnavailable as error:
                pause_s = min(_MAX_PAUSE_S, pause_s * 2)
                log.warning(
                    "worker paused",
                    extra={"code": error.code, "reason": str(error), "pause_s": pause_s},
                )
            except Exception:
                pause_s = _MAX_PAUSE_S
                log.exception("worker's round broke off", extra={"pause_s": pause_s})
        self.drain()

    def run_once(self) -> list[Outcome]:
        """Do one round of everything in this thread, without those that ``run()`` starts."""
        self._look_after()
        return [outcome for pipeline in self._pipelines for outcome in pipeline.step()]

    def drain(self) -> None:
        """Let running jobs finish within the grace, give the others back, end all threads."""
        log.info("worker is draining")
        until_s = time.monotonic() + self._grace_s
        for pipeline in self._pipelines:
            pipeline.stop_receiving()
        unfinished = sum(pipeline.finish(until_s) for pipeline in self._pipelines)
        for pipeline in self._pipelines:
            pipeline.release_unfinished()
        self._stop_recognizer()
        for pipeline in self._pipelines:
            pipeline.close()
        log.info("worker stopped", extra={"released": unfinished})

    def _look_after(self) -> None:
        """Sweep the dead letters, and go on when S3 is back."""
        for sweeper in self._sweepers:
            sweeper.sweep_if_due()
        if self._in_doubt.is_set():
            self._check_stores()
            self._in_doubt.clear()
            self._hold(False)

    def _doubt(self) -> None:
        """Stop receiving: while S3 is away that would only use up the messages' attempts."""
        if self._in_doubt.is_set():
            return
        self._in_doubt.set()
        self._hold(True)
        self._wakes.put(_Wake.LOOK)

    def _hold(self, held: bool) -> None:
        for pipeline in self._pipelines:
            pipeline.hold(held)

    def _stopping(self, pause_s: float) -> bool:
        """Sleep for the pause, but not past a stop; tell whether there is one."""
        try:
            return self._wakes.get(timeout=pause_s) is _Wake.STOP
        except Empty:
            return False
