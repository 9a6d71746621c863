"""Whose photo a free child gets: lanes in order of urgency, and none is starved."""

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
"""Turns in a row that others may have while a lane waits; the next is its own."""


class Urgency(IntEnum):
    """The lanes, most urgent first."""

    INTERACTIVE = 0
    BULK = 1


class Rota:
    """Decides whose turn it is."""

    def __init__(self) -> None:
        self._passed_over = dict.fromkeys(Urgency, 0)

    def next(self, waiting: Collection[Urgency]) -> Urgency:
        """Return whose turn it is among those that wait."""
        starved = [lane for lane in waiting if self._passed_over[lane] >= MAX_PASSED_OVER]
        return max(starved) if starved else min(waiting)

    def note(self, turn: Urgency, waiting: Collection[Urgency]) -> None:
        """Count a turn that was had while these waited."""
        for lane in waiting:
            self._passed_over[lane] += 1
        self._passed_over[turn] = 0


class Turns:
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
        self._rota = Rota()
        self._waiting: dict[Urgency, deque[object]] = {lane: deque() for lane in Urgency}
        self._changed = threading.Condition()

    def of(self, urgency: Urgency) -> Recognizer:
        """Return the recogniser as one lane sees it."""
        return _LaneRecognizer(turns=self, urgency=urgency)

    def recognise(self, urgency: Urgency, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        """Return the faces of a photo, waiting for the lane's turn first."""
        with self._turn(urgency):
            return self._recognizer.recognise(photo, needed)

    def waiting(self, urgency: Urgency) -> int:
        """Return how many photos of a lane wait for a child."""
        return len(self._waiting[urgency])

    @contextmanager
    def _turn(self, urgency: Urgency) -> Iterator[None]:
        ticket = object()
        with self._changed:
            self._waiting[urgency].append(ticket)
            self._changed.wait_for(lambda: self._free and self._next_ticket() is ticket)
            self._free -= 1
            self._rota.note(urgency, self._lanes_waiting())
            self._waiting[urgency].popleft()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _next_ticket(self) -> object:
        return self._waiting[self._rota.next(self._lanes_waiting())][0]

    def _lanes_waiting(self) -> list[Urgency]:
        return [lane for lane, tickets in self._waiting.items() if tickets]


@dataclass(frozen=True, kw_only=True)
class _LaneRecognizer:
    turns: Turns
    urgency: Urgency

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return self.turns.recognise(self.urgency, photo, needed)
