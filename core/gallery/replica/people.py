"""Finds the people near a probe, by templates of all their faces.

Templates are not kept, so that they take no memory and can't be out of date: the nearest
faces tell whose templates are worth making. Only those of people with many faces are
remembered until one of these changes.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from core.faces.templates import template_of, templates_of
from core.gallery.replica.columns import ReplicaColumns
from core.gallery.replica.rows import Vectors
from core.gallery.replica.vectors import ReplicaVectors, Slots
from core.ports import FoundPeople, FoundPerson

_FACES: Final = 256
"""Near faces whose people are looked at."""
_MORE_FACES: Final = (2048, 16_384)
"""The same, where these show too few people."""
_PEOPLE: Final = 64
"""People whose templates are made, those with the nearest faces; many times those wanted."""
_SPARE: Final = 4
"""Templates beyond those wanted that are not only compared by their plain mean."""
_MANY: Final = 32
_KEPT: Final = 4096
"""Faces of a person whose template is remembered, and most such templates."""


class PeopleSearch:
    """Searches a replica's faces by people. Not safe for threads.

    Parameters
    ----------
    columns : ReplicaColumns
        What is known of the faces; `forget` is to be told of its changes.
    """

    def __init__(self, columns: ReplicaColumns) -> None:
        self._columns = columns
        self._kept: LRUCache[int, NDArray[np.float32]] = LRUCache(_KEPT)

    def forget(self, slots: Slots) -> None:
        """Forget the templates of people who have faces there."""
        if self._kept:
            for person in np.unique(self._columns.persons_at(slots)).tolist():
                self._kept.pop(person, None)

    def forget_all(self) -> None:
        self._kept.clear()

    def search(self, vectors: ReplicaVectors, probes: Vectors, *, limit: int) -> list[FoundPeople]:
        """Return the people nearest to each probe; see `FaceIndex.search_people`."""
        squared, slots = vectors.near(probes, _FACES)
        return [
            self._found(vectors, probe, *found, limit=limit)
            for probe, *found in zip(probes, squared, slots, strict=True)
        ]

    def _found(
        self,
        vectors: ReplicaVectors,
        probe: NDArray[np.float32],
        squared: NDArray[np.float32],
        slots: Slots,
        *,
        limit: int,
    ) -> FoundPeople:
        persons, places = self._people_of(slots)
        for more in _MORE_FACES:
            if len(persons) >= min(limit, self._columns.people) or not len(slots) or slots[-1] < 0:
                break
            ((squared, slots),) = zip(*vectors.near(probe[np.newaxis], more), strict=True)
            persons, places = self._people_of(slots)
        nearest_face = dict(zip(persons.tolist(), places.tolist(), strict=True))
        for place, rejected in self._columns.rejections(slots):
            if place <= nearest_face.get(rejected, -1):
                del nearest_face[rejected]
        looked_at = list(nearest_face)[: max(_PEOPLE, limit)]
        nearest = [
            FoundPerson(
                person=self._columns.name(person),
                distance=distance,
                faces=self._columns.faces_of(person),
                template=template,
                face_id=self._columns.face_id(int(slots[nearest_face[person]])),
                face_distance=float(np.sqrt(squared[nearest_face[person]])),
            )
            for person, distance, template in self._compared(vectors, probe, looked_at, limit)
        ]
        nobodys = self._columns.nobodys(slots)
        return FoundPeople(
            nearest=nearest,
            people=self._columns.people,
            nobody_at=math.inf if nobodys is None else float(np.sqrt(squared[nobodys])),
        )

    def _people_of(self, slots: Slots) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return whose the faces are, nearest first, and the place of each one's first face."""
        persons, places = np.unique(self._columns.persons_at(slots), return_index=True)
        named = np.flatnonzero(persons >= 0)
        order = named[np.argsort(places[named])]
        return persons[order], places[order]

    def _compared(
        self,
        vectors: ReplicaVectors,
        probe: NDArray[np.float32],
        persons: Sequence[int],
        limit: int,
    ) -> list[tuple[int, float, NDArray[np.float32]]]:
        """Return the nearest of these people with distance and template, nearest first."""
        templates = self._remembered(vectors, persons)
        templates |= self._nearest_made(
            vectors, probe, [each for each in persons if each not in templates], limit + _SPARE
        )
        compared = [
            (person, float(np.linalg.norm(template - probe)), template)
            for person, template in templates.items()
        ]
        return sorted(compared, key=lambda each: each[1])[:limit]

    def _remembered(
        self, vectors: ReplicaVectors, persons: Sequence[int]
    ) -> dict[int, NDArray[np.float32]]:
        """Return the templates of those who have many faces."""
        templates = {}
        for person in persons:
            if self._columns.faces_of(person) > _MANY:
                template = self._kept.get(person)
                if template is None:
                    slots = np.array(self._columns.slots_of(person))
                    template = self._kept[person] = template_of(vectors.at(slots))
                templates[person] = template
        return templates

    def _nearest_made(
        self,
        vectors: ReplicaVectors,
        probe: NDArray[np.float32],
        persons: Sequence[int],
        count: int,
    ) -> dict[int, NDArray[np.float32]]:
        """Make the templates of so many of these people whose plain means are nearest."""
        if not persons:
            return {}
        slots = [self._columns.slots_of(person) for person in persons]
        ends = np.cumsum([len(each) for each in slots])
        starts = np.append(0, ends[:-1])
        faces = vectors.at(np.array([slot for each in slots for slot in each]))
        means = np.add.reduceat(faces, starts) / (ends - starts)[:, np.newaxis]
        nearest = np.argsort(np.square(means - probe).sum(axis=1))[:count].tolist()
        chosen = np.concatenate([faces[starts[each] : ends[each]] for each in nearest])
        templates = templates_of(chosen, [len(slots[each]) for each in nearest])
        return {persons[each]: made for each, made in zip(nearest, templates, strict=True)}
