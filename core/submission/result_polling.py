"""Who of those that wait for results looks at S3, and when.

Jobs are answered about in the order in which they came. So only who is first in
the line has reason to look often: the others would ask S3 in vain, and in a burst
these questions would be most of the work. Who is first never pauses for over a second,
nobody for over two.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SLOWEST_S: Final = 1.0
"""The longest pause of who is first."""
LONGEST_S: Final = 2.0
"""The longest pause of who stands behind others."""
_FIRST_S: Final = 0.05
_GROWTH: Final = 1.4
_FIRST_TURN_S: Final = 0.025
"""Taken for the time between two answers until it was measured."""
_NEWEST_WEIGHS: Final = 0.1
_EARLY: Final = 0.9
"""Of the time until one's turn: who comes too early asks once more, who comes late has waited."""


class WaitingLine:
    """The line of those in one process that wait; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: list[object] = []
        self._turn_s = _FIRST_TURN_S
        self._moved_at_s = clock()
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """Stand in the line while the block runs."""
        place = Place(self)
        with self._lock:
            if not self._tickets:
                self._moved_at_s = self._clock()
            self._tickets.append(place)
        try:
            yield place
        finally:
            with self._lock:
                self._tickets.remove(place)

    def turn_s(self, place: "Place") -> float:
        """Return about when it will be one's turn, in seconds from now."""
        with self._lock:
            return self._turn_s * self._tickets.index(place)

    def note_answer(self) -> None:
        """Measure how long the line takes to move on by one."""
        with self._lock:
            now_s = self._clock()
            gap_s = now_s - self._moved_at_s
            self._turn_s += _NEWEST_WEIGHS * (gap_s - self._turn_s)
            self._moved_at_s = now_s


class Place:
    """One's place in a line."""

    def __init__(self, line: WaitingLine) -> None:
        self._line = line
        self._looks = 0

    def pause_s(self) -> float:
        """Return how long to wait before the next look."""
        own_s = _FIRST_S * _GROWTH**self._looks
        self._looks += 1
        turn_s = _EARLY * self._line.turn_s(self)
        return max(min(own_s, SLOWEST_S), min(turn_s, LONGEST_S))

    def answered(self) -> None:
        """Say that the look brought the answer."""
        self._line.note_answer()
