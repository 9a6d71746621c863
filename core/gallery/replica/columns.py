"""What is known of each face beside its embedding, in few bytes."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.gallery.replica.chains import FaceChains
from core.gallery.replica.rows import Addresses, ReplicaRows
from core.gallery.replica.vectors import Slots
from core.ground.names import EVERYBODY, spelled
from core.ports import Match

_EMPTY: Final = np.uint64(2**64 - 1)


class ReplicaColumns:
    """Columns by slot; a removed face's slot is given to another. Not safe for threads."""

    def __init__(self) -> None:
        self._addresses = np.empty(0, dtype=np.uint64)
        self._written = np.empty(0, dtype=np.int64)
        self._face_ids = np.empty((0, 16), dtype=np.uint8)
        self._person_of = np.empty(0, dtype=np.int32)
        self._rejected: dict[int, frozenset[str]] = {}
        self._persons = _Names()
        self._chains = FaceChains()
        self._free: list[int] = []
        self._end = 0

    def __len__(self) -> int:
        return self._end - len(self._free)

    @property
    def people(self) -> int:
        return len(self._persons)

    def slots(self) -> Slots:
        """Return the slots that hold a face."""
        return np.flatnonzero(self._addresses[: self._end] != _EMPTY)

    def compare(self, addresses: Addresses) -> tuple[Addresses, Slots]:
        """Return the addresses that are not here, and the slots of those that are too much."""
        slots = self.slots()
        known = self._addresses[slots]
        fresh = addresses[~np.isin(addresses, known, assume_unique=True)]
        return fresh, slots[~np.isin(known, addresses, assume_unique=True)]

    def slots_at(self, addresses: Addresses) -> Slots:
        """Return the slots of those of the addresses that are here."""
        if not len(addresses):
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(np.isin(self._addresses[: self._end], addresses))

    def move(
        self, slots: Slots, addresses: Addresses, written: NDArray[np.int64]
    ) -> tuple[Addresses, Slots]:
        """Give rows that were only moved their new addresses; return what is left of both."""
        _, here, there = np.intersect1d(
            self._written[slots], written, assume_unique=True, return_indices=True
        )
        self._addresses[slots[here]] = addresses[there]
        return np.delete(addresses, there), np.delete(slots, here)

    def reserve(self, slots: int) -> None:
        missing = slots - len(self._addresses)
        if missing > 0:
            self._addresses = np.append(self._addresses, np.full(missing, _EMPTY))
            self._written = np.append(self._written, np.zeros(missing, dtype=np.int64))
            self._face_ids = np.append(
                self._face_ids, np.zeros((missing, 16), dtype=np.uint8), axis=0
            )
            self._person_of = np.append(self._person_of, np.full(missing, -1, dtype=np.int32))
            self._chains.reserve(slots)

    def put(self, rows: ReplicaRows) -> Slots:
        """Keep rows and return their slots."""
        slots = self._take(len(rows))
        self._addresses[slots] = rows.addresses
        self._written[slots] = rows.written
        self._face_ids[slots] = rows.face_ids
        self._person_of[slots] = self._persons.take(rows.persons, rows.person_of)
        self._chains.add(slots, self._person_of[slots])
        self._rejected.update(
            {
                int(slots[row]): frozenset(map(spelled, names))
                for row, names in rows.rejected.items()
            }
        )
        return slots

    def remove(self, slots: Slots) -> None:
        self._chains.remove(slots, self._person_of[slots])
        self._persons.give_back(self._person_of[slots])
        self._addresses[slots] = _EMPTY
        self._face_ids[slots] = 0
        self._person_of[slots] = -1
        freed = slots.tolist()
        self._free.extend(freed)
        for slot in freed:
            self._rejected.pop(slot, None)

    def match(self, slot: int, distance: float) -> Match:
        person = int(self._person_of[slot])
        return Match(
            face_id=self.face_id(slot),
            person=None if person < 0 else self.name(person),
            distance=distance,
            rejected=self._rejected.get(slot, frozenset()),
        )

    def face_id(self, slot: int) -> str:
        return str(UUID(bytes=self._face_ids[slot].tobytes()))

    def persons_at(self, slots: Slots) -> NDArray[np.int32]:
        """Return the number of the person of each slot; -1 for nobody, and where -1 is a slot."""
        return np.where(slots < 0, np.int32(-1), self._person_of[slots])

    def name(self, person: int) -> str:
        return self._persons.name(person)

    def faces_of(self, person: int) -> int:
        """Return how many faces a person has."""
        return self._persons.faces(person)

    def slots_of(self, person: int) -> list[int]:
        return self._chains.slots_of(person)

    def rejections(self, slots: Slots) -> Iterator[tuple[int, int]]:
        """Yield the places of slots whose face rejects someone, and whom."""
        if self._rejected:
            for place, slot in enumerate(slots.tolist()):
                for name in self._rejected.get(slot, ()):
                    person = self._persons.number(name)
                    if person is not None:
                        yield place, person

    def nobodys(self, slots: Slots) -> int | None:
        """Return the first place of a slot whose face users said is nobody's."""
        if not self._rejected:
            return None
        said = (
            place
            for place, slot in enumerate(slots.tolist())
            if EVERYBODY in self._rejected.get(slot, ()) and self._person_of[slot] < 0
        )
        return next(said, None)

    def _take(self, count: int) -> Slots:
        reused = [self._free.pop() for _ in range(min(count, len(self._free)))]
        first, self._end = self._end, self._end + count - len(reused)
        if self._end > len(self._addresses):
            self.reserve(max(self._end, len(self._addresses) * 33 // 32))
        return np.append(np.array(reused, dtype=np.int64), np.arange(first, self._end))


class _Names:
    """Numbers for names, which are forgotten with their last face; spellings are one name."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._faces: list[int] = []
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def name(self, number: int) -> str:
        return self._names[number]

    def number(self, name: str) -> int | None:
        return self._numbers.get(name)

    def faces(self, number: int) -> int:
        return self._faces[number]

    def take(self, names: list[str], uses: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the number of the name that each entry of ``uses`` points to; -1 for -1."""
        counts = np.bincount(uses[uses >= 0], minlength=len(names))
        numbers = [
            self._number(name, count) for name, count in zip(names, counts.tolist(), strict=True)
        ]
        return np.array([*numbers, -1], dtype=np.int32)[uses]

    def give_back(self, numbers: NDArray[np.int32]) -> None:
        for number, count in zip(
            *np.unique(numbers[numbers >= 0], return_counts=True), strict=True
        ):
            self._faces[number] -= int(count)
            if not self._faces[number]:
                self._numbers.pop(self._names[number])
                self._names[number] = ""
                self._free.append(int(number))

    def _number(self, name: str, count: int) -> int:
        if not count:
            return -1
        name = spelled(name)
        number = self._numbers.get(name)
        if number is None:
            number = self._free.pop() if self._free else len(self._names)
            if number == len(self._names):
                self._names.append("")
                self._faces.append(0)
            self._names[number] = name
            self._numbers[name] = number
        self._faces[number] += count
        return number
