"""When each request that waits for a result polls S3 for it.

Jobs are answered roughly in the order in which they came, so only the request at the front
has reason to poll often. The others would flood S3 with misses, and in a burst these would be
most of the work. The request at the front pauses for at most a second, every other one for at
most two.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

SLOWEST_S: Final = 1.0
"""The longest pause of the request at the front."""
LONGEST_S: Final = 2.0
"""The longest pause of a request behind others."""
_FIRST_GAP_S: Final = 0.025
"""Assumed time between two answers, until it is measured."""
_NEWEST_WEIGHS: Final = 0.1
_EARLY: Final = 0.9
"""Share of the time until the result is due: an early poll costs one more, a late one delays."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often the request at the front polls: after ``first_s``, then ever more rarely."""

    first_s: float
    growth: float


WHERE_POLLS_COST: Final = Pace(first_s=0.05, growth=1.4)
"""S3 takes money and 10 ms for each."""
ON_THIS_MACHINE: Final = Pace(first_s=0.005, growth=1.2)
"""A look at a file takes some microseconds."""


class PollSchedule:
    """The waiting requests of one process, in their order; safe to use from several threads."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, pace: Pace = WHERE_POLLS_COST
    ) -> None:
        self._clock = clock
        self.pace = pace
        self._slots: list[object] = []
        self._gap_s = _FIRST_GAP_S
        self._answered_at_s = clock()
        self._lock = threading.Lock()

    @contextmanager
    def slot(self) -> Iterator["PollSlot"]:
        """Hold the last slot while the block runs."""
        slot = PollSlot(self)
        with self._lock:
            if not self._slots:
                self._answered_at_s = self._clock()
            self._slots.append(slot)
        try:
            yield slot
        finally:
            with self._lock:
                self._slots.remove(slot)

    def due_in_s(self, slot: "PollSlot") -> float:
        """Return in how many seconds a slot's result is roughly due."""
        with self._lock:
            return self._gap_s * self._slots.index(slot)

    def note_answer(self) -> None:
        """Measure the time since the answer before."""
        with self._lock:
            now_s = self._clock()
            gap_s = now_s - self._answered_at_s
            self._gap_s += _NEWEST_WEIGHS * (gap_s - self._gap_s)
            self._answered_at_s = now_s


class PollSlot:
    """One request's slot in a schedule."""

    def __init__(self, schedule: PollSchedule) -> None:
        self._schedule = schedule
        self._polls = 0

    def pause_s(self) -> float:
        """Return how long to wait before the next poll."""
        pace = self._schedule.pace
        own_s = pace.first_s * pace.growth**self._polls
        self._polls += 1
        due_s = _EARLY * self._schedule.due_in_s(self)
        return max(min(own_s, SLOWEST_S), min(due_s, LONGEST_S))

    def answered(self) -> None:
        """Say that the poll found the result."""
        self._schedule.note_answer()
