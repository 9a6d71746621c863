"""People near a probe, for engines that know faces only."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from core.faces.templates import template_of
from core.gallery.person_list import people_in, rows_of
from core.ports import (
    EnrolledFace,
    EnrolledPerson,
    FoundPeople,
    FoundPerson,
    Match,
    PersonOrder,
    PersonPlace,
    UnnamedFace,
    nobody_at,
    without_rejected,
)

_FACES: Final = (100, 1000)
"""Near faces whose people are looked at; more where these show too few people."""
_PEOPLE: Final = 2
"""People whose templates are made, per person that is wanted; each costs a request."""
_AT_ONCE: Final = 8
_PAGE: Final = 1000
_RECOUNTED_AT: Final = 1.1
_COUNTS: Final = 10_000


class PeopleByFaces(ABC):
    """The part of a `FaceIndex` that is about people, made of the part that is about faces.

    A search asks for the nearest faces, then for all faces of their people. One
    instance is for many threads.
    """

    def __init__(self) -> None:
        self._counts: LRUCache[str, tuple[int, int]] = LRUCache(_COUNTS)

    @abstractmethod
    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]: ...

    @abstractmethod
    def count(self, gallery_id: str) -> int: ...

    @abstractmethod
    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]: ...

    def unnamed(self, gallery_id: str) -> list[UnnamedFace]:
        faces = self._pages(gallery_id, None)
        found = [UnnamedFace.of(face) for face in faces if face.person is None]
        if not found:
            self.count(gallery_id)  # a page of a gallery that is not there may be empty
        return found

    def persons(
        self,
        gallery_id: str,
        *,
        limit: int,
        order: PersonOrder = "name",
        prefix: str = "",
        after: PersonPlace | None = None,
    ) -> list[EnrolledPerson]:
        rows = rows_of(self._pages(gallery_id, None))
        return people_in(rows, limit=limit, order=order, prefix=prefix, after=after)

    def count_people(self, gallery_id: str) -> int:
        people = {face.person for face in self._pages(gallery_id, None)} - {None}
        return len(people)

    def search_people(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[FoundPeople]:
        found = self.search(gallery_id, probes, limit=_FACES[0])
        if not found:
            return []
        people = self._counted(gallery_id)
        wanted = min(limit, people)
        for row, matches in enumerate(found):
            if len(_people_of(matches)) < wanted and len(matches) == _FACES[0]:
                probe = probes[row : row + 1]
                found[row] = self.search(gallery_id, probe, limit=_FACES[1])[0]
        near = [_nearest_of_each(matches, limit * _PEOPLE) for matches in found]
        templates = self._templates(gallery_id, sorted(set().union(*near)))
        return [
            FoundPeople(
                nearest=_compared(probe, faces, templates)[:limit],
                people=people,
                nobody_at=nobody_at(matches),
            )
            for probe, faces, matches in zip(probes, near, found, strict=True)
        ]

    def _counted(self, gallery_id: str) -> int:
        """Return about how many people there are: faces tell when they are to be counted again."""
        faces = self.count(gallery_id)
        at, people = self._counts.get(gallery_id, (0, 0))
        if not at / _RECOUNTED_AT <= faces <= at * _RECOUNTED_AT:
            people = self.count_people(gallery_id)
            self._counts[gallery_id] = (faces, people)
        return people

    def _templates(
        self, gallery_id: str, persons: Sequence[str]
    ) -> dict[str, tuple[NDArray[np.float32], int]]:
        """Return the templates of people and how many faces made them."""

        def template(person: str) -> tuple[NDArray[np.float32], int] | None:
            embeddings = [face.embedding for face in self._pages(gallery_id, person)]
            return (template_of(np.stack(embeddings)), len(embeddings)) if embeddings else None

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            made = threads.map(template, persons)
            return {
                person: each for person, each in zip(persons, made, strict=True) if each is not None
            }

    def _pages(self, gallery_id: str, person: str | None) -> Iterator[EnrolledFace]:
        after = ""
        while page := self.page(gallery_id, limit=_PAGE, after=after, person=person):
            yield from page
            after = page[-1].face_id


def _people_of(matches: Sequence[Match]) -> set[str]:
    return {match.person for match in matches if match.person is not None}


def _nearest_of_each(matches: Sequence[Match], most: int) -> dict[str, Match]:
    """Return the nearest face of each person whom no nearer face rejects; so many people."""
    nearest: dict[str, Match] = {}
    for match in without_rejected(matches):
        if match.person is not None:
            nearest.setdefault(match.person, match)
    return dict(itertools.islice(nearest.items(), most))


def _compared(
    probe: NDArray[np.float32],
    nearest: dict[str, Match],
    templates: dict[str, tuple[NDArray[np.float32], int]],
) -> list[FoundPerson]:
    """Return people by the distance of their templates, without those erased meanwhile."""
    found = [
        FoundPerson(
            person=person,
            distance=float(np.linalg.norm(templates[person][0] - probe)),
            faces=templates[person][1],
            template=templates[person][0],
            face_id=match.face_id,
            face_distance=match.distance,
        )
        for person, match in nearest.items()
        if person in templates
    ]
    return sorted(found, key=lambda each: each.distance)
