"""Which lane gets the next free child: the more urgent one, without starving the other."""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ports import Recognizer

MAX_PASSED_OVER: Final = 3
"""Photos of other lanes that a waiting lane lets pass; the next child is its own."""


class Priority(IntEnum):
    """The lanes, most urgent first."""

    INTERACTIVE = 0
    BULK = 1


class FairPolicy:
    """Decides which lane gets a free child."""

    def __init__(self) -> None:
        self._passed_over = dict.fromkeys(Priority, 0)

    def next(self, waiting: Collection[Priority]) -> Priority:
        """Return the lane that gets the child, of those that wait."""
        starved = [lane for lane in waiting if self._passed_over[lane] >= MAX_PASSED_OVER]
        return max(starved) if starved else min(waiting)

    def note(self, served: Priority, waiting: Collection[Priority]) -> None:
        """Note that a lane got a child while others waited."""
        for lane in waiting:
            self._passed_over[lane] += 1
        self._passed_over[served] = 0


class ChildScheduler:
    """Shares the children of a recogniser among the lanes.

    Parameters
    ----------
    recognizer : Recognizer
        Recognises as many photos at a time as it has children.
    children : int
    """

    def __init__(self, recognizer: Recognizer, *, children: int) -> None:
        self._recognizer = recognizer
        self._free = children
        self._policy = FairPolicy()
        self._waiting: dict[Priority, deque[object]] = {lane: deque() for lane in Priority}
        self._changed = threading.Condition()

    def of(self, priority: Priority) -> Recognizer:
        """Return the recogniser as one lane sees it."""
        return _LaneRecognizer(scheduler=self, priority=priority)

    def recognise(
        self, priority: Priority, photo: bytes, needed: Needed = EVERY_FACE
    ) -> Recognition:
        """Wait for a child, then return the faces of a photo."""
        with self._child(priority):
            return self._recognizer.recognise(photo, needed)

    def waiting(self, priority: Priority) -> int:
        """Return how many photos of a lane wait for a child."""
        return len(self._waiting[priority])

    @contextmanager
    def _child(self, priority: Priority) -> Iterator[None]:
        ticket = object()
        with self._changed:
            self._waiting[priority].append(ticket)
            self._changed.wait_for(lambda: self._free and self._next_ticket() is ticket)
            self._free -= 1
            self._policy.note(priority, self._lanes_waiting())
            self._waiting[priority].popleft()
            # All of them: the one that `notify` would wake need not be the one whose turn it is.
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _next_ticket(self) -> object:
        return self._waiting[self._policy.next(self._lanes_waiting())][0]

    def _lanes_waiting(self) -> list[Priority]:
        return [lane for lane, tickets in self._waiting.items() if tickets]


@dataclass(frozen=True, kw_only=True)
class _LaneRecognizer:
    scheduler: ChildScheduler
    priority: Priority

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return self.scheduler.recognise(self.priority, photo, needed)
