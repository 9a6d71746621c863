"""Keeps a fleet of workers as large as the queues need."""

import enum
import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from core.errors import ServiceUnavailable
from core.host.metrics import metrics
from core.scaling.policy import Decision, Depth, Limits, Pace, Recommendation, Situation, decide

log = logging.getLogger(__name__)

_GUESS_S: Final = 0.5
"""Seconds per job until the first was measured."""


class WorkerFleet(Protocol):
    """Workers that can be made more or fewer. Methods may raise ``ServiceUnavailable``."""

    def count(self) -> int:
        """Return the workers that run or start, without those that were told to stop."""
        ...

    def scale_to(self, workers: int) -> None:
        """Start workers, or have some stop; those finish what they run. Does not wait."""
        ...

    def close(self) -> None:
        """Stop what must not outlive this process, and wait for it."""
        ...


class _Wake(enum.Enum):
    STOP = enum.auto()


class Autoscaler:
    """Looks at the queues and sizes the fleet, until it is told to stop.

    Parameters
    ----------
    depth : callable
        Messages of all queues together; may raise ``ServiceUnavailable``.
    worked : callable
        Tells whether workers had jobs since it was last asked; may raise
        ``ServiceUnavailable``.
    fleet : WorkerFleet
    limits : Limits
    interval_s : float
        Time between two looks.
    clock : callable
        Monotonic seconds.
    on_round : callable
        Called in every round, to show what is there; may raise ``ServiceUnavailable``.
    """

    def __init__(
        self,
        *,
        depth: Callable[[], Depth],
        worked: Callable[[], bool],
        fleet: WorkerFleet,
        limits: Limits,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
        on_round: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_round = on_round
        self._depth = depth
        self._worked = worked
        self._fleet = fleet
        self._limits = limits
        self._interval_s = interval_s
        self._clock = clock
        self._pace = Pace(guess_s=_GUESS_S)
        self._history: tuple[Recommendation, ...] = ()
        self._last: tuple[float, Depth, int] | None = None
        self._wakes: SimpleQueue[_Wake] = SimpleQueue()

    def stop(self) -> None:
        """Ask ``run()`` to end; safe to call from a signal handler."""
        self._wakes.put(_Wake.STOP)

    def run(self) -> None:
        """Size the fleet until ``stop()``, then close it."""
        log.info("autoscaler started")
        pause_s = 0.0
        while not self._stopping(pause_s):
            pause_s = self._interval_s
            try:
                self.step()
                self._on_round()
            except ServiceUnavailable as error:
                self._last = None
                metrics().errors.labels(error.code).inc()
                log.warning("fleet was left as it is", extra={"reason": str(error)})
            except Exception:
                self._last = None
                log.exception("autoscaler's round broke off")
        self._fleet.close()
        log.info("autoscaler stopped")

    def step(self) -> Decision:
        """Look once, and bring the fleet to the size that is needed.

        Raises
        ------
        ServiceUnavailable
            If the queues or the fleet can't be asked; nothing was changed.
        """
        depth, workers, now_s = self._depth(), self._fleet.count(), self._clock()
        # Only an empty queue can mean fewer workers; asking costs a request.
        worked = workers > 0 and depth.jobs == 0 and self._worked()
        self._measure(now_s, depth, workers)
        decision = decide(
            Situation(
                now_s=now_s,
                depth=depth,
                workers=workers,
                seconds_per_job=self._pace.seconds_per_job,
                worked=worked,
                history=self._history,
            ),
            self._limits,
        )
        self._show(workers, decision.workers)
        self._history = decision.history
        self._last = (now_s, depth, workers)
        if decision.workers != workers:
            self._fleet.scale_to(decision.workers)
            log.info(
                "fleet was scaled",
                extra={
                    "workers_before": workers,
                    "workers": decision.workers,
                    "reason": decision.reason.value,
                    "visible": depth.visible,
                    "in_flight": depth.in_flight,
                    "seconds_per_job": round(self._pace.seconds_per_job, 3),
                },
            )
        return decision

    def _show(self, there: int, wanted: int) -> None:
        metrics().workers.labels("there").set(there)
        metrics().workers.labels("wanted").set(wanted)
        metrics().workers.labels("most").set(self._limits.max_workers)

    def _measure(self, now_s: float, depth: Depth, workers: int) -> None:
        """Learn the pace from an interval in which no worker came or went."""
        if self._last is None:
            return
        before_s, before, workers_before = self._last
        if workers == workers_before:
            self._pace = self._pace.after(
                before,
                depth,
                children=workers * self._limits.children,
                seconds=now_s - before_s,
            )

    def _stopping(self, pause_s: float) -> bool:
        """Sleep for the pause, but not past a stop; tell whether there is one."""
        try:
            return self._wakes.get(timeout=pause_s) is _Wake.STOP
        except Empty:
            return False
