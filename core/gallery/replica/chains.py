"""Which faces are a person's, in four bytes per face."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.gallery.replica.vectors import Slots

_END: Final = -1


class FaceChains:
    """The slots of each person's faces: each slot has the next one. Not safe for threads.

    People are numbers of 0 and more; any other number is nobody, whose faces are not kept.
    """

    def __init__(self) -> None:
        self._next = np.full(0, _END, dtype=np.int32)
        self._first = np.full(0, _END, dtype=np.int32)
        # Single numbers are read from these much faster than from the arrays.
        self._next_view, self._first_view = self._next.data, self._first.data

    def reserve(self, slots: int) -> None:
        self._next = _longer(self._next, slots)
        self._next_view = self._next.data

    def slots_of(self, person: int) -> list[int]:
        slots = []
        slot = self._first_view[person]
        while slot != _END:
            slots.append(slot)
            slot = self._next_view[slot]
        return slots

    def add(self, slots: Slots, persons: NDArray[np.int32]) -> None:
        """Give faces to people."""
        slots, persons = slots[persons >= 0], persons[persons >= 0]
        if not len(slots):
            return
        most = int(persons.max()) + 1
        if most > len(self._first):
            self._first = _longer(self._first, max(most, len(self._first) * 33 // 32))
            self._first_view = self._first.data
        order = np.argsort(persons, kind="stable")
        slots, persons = slots[order], persons[order]
        is_last = np.append(persons[1:] != persons[:-1], True)
        following = np.append(slots[1:], _END)
        following[is_last] = self._first[persons[is_last]]
        self._next[slots] = following
        is_first = np.append(True, is_last[:-1])
        self._first[persons[is_first]] = slots[is_first]

    def remove(self, slots: Slots, persons: NDArray[np.int32]) -> None:
        """Take faces from the people whose they are."""
        gone = set(slots[persons >= 0].tolist())
        for person in np.unique(persons[persons >= 0]).tolist():
            left = [slot for slot in self.slots_of(person) if slot not in gone]
            for slot, before in zip(left, [_END, *left], strict=False):
                self._link(person, before, slot)
            self._link(person, left[-1] if left else _END, _END)

    def _link(self, person: int, before: int, slot: int) -> None:
        if before == _END:
            self._first_view[person] = slot
        else:
            self._next_view[before] = slot


def _longer(numbers: NDArray[np.int32], length: int) -> NDArray[np.int32]:
    missing = max(length - len(numbers), 0)
    return np.append(numbers, np.full(missing, _END, dtype=np.int32))
