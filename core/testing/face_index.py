"""A face index in memory: what every other index must answer, found by comparing all."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound
from core.faces.templates import template_of
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


class MemoryFaceIndex:
    """Galleries in memory, searched by comparing all.

    ``announce`` is called with each gallery whose faces were changed.
    """

    def __init__(self) -> None:
        self.galleries: dict[str, dict[str, EnrolledFace]] = {}
        self.announce: Callable[[str], None] = lambda gallery_id: None

    def create(self, gallery_id: str, *, length: int) -> None:
        self.galleries.setdefault(gallery_id, {})

    def upgrade(self, gallery_id: str) -> bool:
        return False

    def is_outdated(self, gallery_id: str) -> bool:
        return False

    def drop(self, gallery_id: str) -> None:
        self.galleries.pop(gallery_id, None)

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        self._gallery(gallery_id).update({face.face_id: face for face in faces})
        self.announce(gallery_id)

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        gallery = self._gallery(gallery_id)
        return [
            _read(gallery[face_id]) for face_id in dict.fromkeys(face_ids) if face_id in gallery
        ]

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        behind = (
            _read(face)
            for face_id, face in sorted(self._gallery(gallery_id).items())
            if face_id > after
        )
        return [face for face in behind if person in (None, face.person)][:limit]

    def unnamed(self, gallery_id: str) -> list[UnnamedFace]:
        faces = self._gallery(gallery_id).values()
        return [UnnamedFace.of(face) for face in faces if face.person is None]

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        gallery = self._gallery(gallery_id)
        for face_id in face_ids:
            gallery.pop(face_id, None)
        self.announce(gallery_id)

    def count(self, gallery_id: str) -> int:
        return len(self._gallery(gallery_id))

    def count_people(self, gallery_id: str) -> int:
        faces = map(_read, self._gallery(gallery_id).values())
        return len({face.person for face in faces} - {None})

    def persons(
        self,
        gallery_id: str,
        *,
        limit: int,
        order: PersonOrder = "name",
        prefix: str = "",
        after: PersonPlace | None = None,
    ) -> list[EnrolledPerson]:
        return _listed(
            self._gallery(gallery_id).values(),
            limit=limit,
            order=order,
            prefix=prefix.lower(),
            after=after,
        )

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        faces = list(self._gallery(gallery_id).values())
        return [
            heapq.nsmallest(
                limit, (_match(face, probe) for face in faces), key=lambda match: match.distance
            )
            for probe in probes
        ]

    def search_people(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[FoundPeople]:
        gallery = self._gallery(gallery_id)
        people = self.count_people(gallery_id)
        return [
            FoundPeople(
                nearest=_people_near(gallery, probe, matches)[:limit],
                people=people,
                nobody_at=nobody_at(matches),
            )
            for probe, matches in zip(
                probes, self.search(gallery_id, probes, limit=len(gallery)), strict=True
            )
        ]

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def _gallery(self, gallery_id: str) -> dict[str, EnrolledFace]:
        try:
            return self.galleries[gallery_id]
        except KeyError:
            raise CollectionNotFound(f"there is no gallery {gallery_id}") from None


def _read(face: EnrolledFace) -> EnrolledFace:
    return replace(face)


def _match(face: EnrolledFace, probe: NDArray[np.float32]) -> Match:
    return Match(
        face_id=face.face_id,
        person=face.person,
        distance=float(np.linalg.norm(face.embedding - probe)),
        rejected=face.rejected,
    )


def _people_near(
    gallery: Mapping[str, EnrolledFace], probe: NDArray[np.float32], matches: Sequence[Match]
) -> list[FoundPerson]:
    """Compare all people who have a match that is not rejected; ``matches`` are all faces."""
    nearest = {match.person: match for match in reversed(list(without_rejected(matches)))}
    nearest.pop(None, None)
    found = []
    for person, match in nearest.items():
        theirs = [
            gallery[each.face_id].embedding for each in matches if each.person == match.person
        ]
        template = template_of(np.stack(theirs))
        found.append(
            FoundPerson(
                person=str(person),
                distance=float(np.linalg.norm(template - probe)),
                faces=len(theirs),
                template=template,
                face_id=match.face_id,
                face_distance=match.distance,
            )
        )
    return sorted(found, key=lambda each: each.distance)


def _listed(
    faces: Iterable[EnrolledFace],
    *,
    limit: int,
    order: PersonOrder,
    prefix: str,
    after: PersonPlace | None,
) -> list[EnrolledPerson]:
    theirs: dict[str, list[EnrolledFace]] = {}
    for face in map(_read, faces):
        if face.person is not None and face.person.lower().startswith(prefix):
            theirs.setdefault(face.person, []).append(face)
    people = sorted(
        (_person(name, held) for name, held in theirs.items()), key=lambda each: each.place(order)
    )
    return [each for each in people if after is None or each.place(order) > after][:limit]


def _person(name: str, faces: Sequence[EnrolledFace]) -> EnrolledPerson:
    best = min(faces, key=lambda face: (-_quality(face), face.face_id))
    times = [face.enrolled_at for face in faces if face.enrolled_at is not None]
    return EnrolledPerson(
        person=name,
        faces=len(faces),
        cover=best.face_id,
        first_enrolled_at=min(times, default=None),
        last_enrolled_at=max(times, default=None),
    )


def _quality(face: EnrolledFace) -> float:
    return -1.0 if face.quality is None else face.quality
