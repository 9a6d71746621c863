"""Searches a collection for the people or the faces that are like some others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.collections.collection import Collection
from core.collections.likeness import Likeness, LikenessOfFaces, LikePerson, one_to_one
from core.collections.matches import By, FaceMatch, PersonMatch
from core.ports import EnrolledFace, FaceIndex, Match, without_rejected

_REJECTED_ALLOWANCE: Final = 20
"""Neighbours looked at beyond those asked for, since some may be rejected."""

Embeddings = Sequence[NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class FoundMatches:
    """The matches of a face; ``elsewhere`` says that another face of the photo has its best one."""

    matches: list[PersonMatch] | list[FaceMatch]
    elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class EnrolledSearch:
    """Describes matches by what only the index's storage knows.

    Faces that were erased just now fall out there, and people get their newest names.
    """

    index: FaceIndex
    likeness: LikenessOfFaces

    def find(
        self, collection: Collection, faces: Embeddings, *, by: By, least: float, limit: int
    ) -> list[FoundMatches]:
        """Return the matches of each face of a photo; by person, nobody is two faces' match.

        Parameters
        ----------
        least : float
            Similarity from which on it is a match.
        limit : int
            Matches per face.
        """
        if collection.model is None or not faces:
            return [FoundMatches(matches=[]) for _ in faces]
        find = self._faces if by == "face" else self._people
        return find(collection, faces, least=least, limit=limit)

    def _people(
        self, collection: Collection, faces: Embeddings, *, least: float, limit: int
    ) -> list[FoundMatches]:
        likenesses = self.likeness.of(collection, faces, limit=limit)
        shown = one_to_one(likenesses, least=least)
        near = [
            [each for each in _only(likeness, own, shown) if each.similarity >= least][:limit]
            for likeness, own in zip(likenesses, shown, strict=True)
        ]
        known = self._known(collection, (each.found.face_id for row in near for each in row))
        return [
            FoundMatches(
                matches=[
                    _person_match(each, face, likeness)
                    for each in row
                    if (face := known.get(each.found.face_id)) and face.person is not None
                ],
                elsewhere=own is None and likeness.reaches(least),
            )
            for row, likeness, own in zip(near, likenesses, shown, strict=True)
        ]

    def _faces(
        self, collection: Collection, faces: Embeddings, *, least: float, limit: int
    ) -> list[FoundMatches]:
        probes: NDArray[np.float32] = np.stack(faces)
        self.index.refresh(collection.gallery_id)
        found = self.index.search(collection.gallery_id, probes, limit=limit + _REJECTED_ALLOWANCE)
        allowed = [list(without_rejected(matches)) for matches in found]
        similarities = iter(
            self.likeness.of_enrolled(
                collection, probes[0], [match.distance for row in allowed for match in row]
            )
        )
        similar = [[(match, next(similarities)) for match in row] for row in allowed]
        near = [[each for each in row if each[1] >= least][:limit] for row in similar]
        known = self._known(collection, (match.face_id for row in near for match, _ in row))
        return [
            FoundMatches(
                matches=[
                    _face_match(match, known[match.face_id], similarity)
                    for match, similarity in row
                    if match.face_id in known
                ]
            )
            for row in near
        ]

    def _known(self, collection: Collection, face_ids: Iterable[str]) -> dict[str, EnrolledFace]:
        ids = sorted(set(face_ids))
        found = self.index.get(collection.gallery_id, ids) if ids else []
        return {face.face_id: face for face in found}


def _only(
    likeness: Likeness, own: LikePerson | None, shown: Sequence[LikePerson | None]
) -> list[LikePerson]:
    """Return the people like a face but those whom other faces of the photo show; its own first."""
    others = {each.found.person for each in shown if each is not None and each is not own}
    left = [each for each in likeness.people if each.found.person not in others]
    return left if own is None else [own, *(each for each in left if each is not own)]


def _person_match(like: LikePerson, face: EnrolledFace, likeness: Likeness) -> PersonMatch:
    found = like.found
    return PersonMatch(
        person=face.person or found.person,
        similarity=round(like.similarity, 1),
        distance=round(found.distance, 4),
        faces=found.faces,
        face_id=found.face_id,
        face_distance=round(found.face_distance, 4),
        image_id=face.image_id,
        metadata=dict(face.metadata),
        may_be_same_person=found.person in likeness.alike,
    )


def _face_match(match: Match, face: EnrolledFace, similarity: float) -> FaceMatch:
    return FaceMatch(
        face_id=match.face_id,
        person=face.person,
        image_id=face.image_id,
        similarity=round(similarity, 1),
        distance=round(match.distance, 4),
        metadata=dict(face.metadata),
    )
