"""Searches a collection for the people or the faces that are like some others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.collections.collection import Collection
from core.collections.likeness import Likeness, LikenessOfFaces, LikePerson, one_to_one
from core.collections.matches import By, FaceMatch, PersonMatch
from core.collections.people_with import PeopleWith
from core.ports import EnrolledFace, FaceIndex, Match, without_rejected

_REJECTED_ALLOWANCE: Final = 20
"""Neighbours looked at beyond those asked for, since some may be rejected."""
LOOKED_AT: Final = (100, 1000)
"""People or faces looked at where some are left out, and those left are too few."""

Embeddings = Sequence[NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class FoundMatches:
    """The matches of a face; ``elsewhere`` says that another face of the photo has its best one.

    ``has_others`` says that people are like it who were left out, and ``is_cut`` that there may
    be further matches beyond those that were looked at.
    """

    matches: list[PersonMatch] | list[FaceMatch]
    elsewhere: bool = False
    has_others: bool = False
    is_cut: bool = False

    @property
    def is_named(self) -> bool:
        """Tell whether an enrolled person is like the face."""
        return self.has_others or any(match.person for match in self.matches)


@dataclass(frozen=True, kw_only=True)
class EnrolledSearch:
    """Describes matches by what only the index's storage knows.

    Faces that were erased just now fall out there, and people get their newest names.
    """

    index: FaceIndex
    likeness: LikenessOfFaces

    def find(
        self,
        collection: Collection,
        faces: Embeddings,
        *,
        by: By,
        least: float,
        limit: int,
        only: PeopleWith | None = None,
    ) -> list[FoundMatches]:
        """Return the matches of each face of a photo; by person, nobody is two faces' match.

        Parameters
        ----------
        least : float
            Similarity from which on it is a match.
        limit : int
            Matches per face.
        only : PeopleWith, optional
            Who may be a match: of the `LOOKED_AT` people or faces most like a face, those. The
            others count in all else, such as similarities and who is on the photo.
        """
        if collection.model is None or not faces:
            return [FoundMatches(matches=[]) for _ in faces]
        find = self._faces if by == "face" else self._people
        found = find(collection, faces, least=least, limit=limit, width=limit, only=only)
        for width in LOOKED_AT:
            if only is None or not any(each.is_cut for each in found):
                break
            found = find(collection, faces, least=least, limit=limit, width=width, only=only)
        return found

    def _people(
        self,
        collection: Collection,
        faces: Embeddings,
        *,
        least: float,
        limit: int,
        width: int,
        only: PeopleWith | None,
    ) -> list[FoundMatches]:
        likenesses = self.likeness.of(collection, faces, limit=width)
        shown = one_to_one(likenesses, least=least)
        like = [
            [each for each in _only(likeness, own, shown) if each.similarity >= least]
            for likeness, own in zip(likenesses, shown, strict=True)
        ]
        wanted = _wanted(only, [each.found.person for row in like for each in row])
        near = [[each for each in row if each.found.person in wanted] for row in like]
        known = self._known(
            collection, (each.found.face_id for row in near for each in row[:limit])
        )
        return [
            FoundMatches(
                matches=[
                    _person_match(each, face, likeness)
                    for each in row[:limit]
                    if (face := known.get(each.found.face_id)) and face.person is not None
                ],
                elsewhere=own is None and likeness.reaches(least),
                has_others=len(row) < len(whole),
                is_cut=len(row) < limit and likeness.goes_on(least, width=width),
            )
            for row, whole, likeness, own in zip(near, like, likenesses, shown, strict=True)
        ]

    def _faces(
        self,
        collection: Collection,
        faces: Embeddings,
        *,
        least: float,
        limit: int,
        width: int,
        only: PeopleWith | None,
    ) -> list[FoundMatches]:
        probes: NDArray[np.float32] = np.stack(faces)
        self.index.refresh(collection.gallery_id)
        count = min(width + _REJECTED_ALLOWANCE, LOOKED_AT[-1])
        found = self.index.search(collection.gallery_id, probes, limit=count)
        allowed = [list(_somebodys(without_rejected(matches))) for matches in found]
        similarities = iter(
            self.likeness.of_enrolled(
                collection,
                [
                    (face, match.distance)
                    for face, row in zip(faces, allowed, strict=True)
                    for match in row
                ],
            )
        )
        similar = [[(match, next(similarities)) for match in row] for row in allowed]
        like = [[each for each in row if each[1] >= least] for row in similar]
        people = [match.person for row in like for match, _ in row if match.person is not None]
        wanted = _wanted(only, people, unnamed=True)
        near = [[each for each in row if each[0].person in wanted] for row in like]
        known = self._known(collection, (match.face_id for row in near for match, _ in row[:limit]))
        return [
            FoundMatches(
                matches=[
                    _face_match(match, known[match.face_id], similarity)
                    for match, similarity in row[:limit]
                    if match.face_id in known
                ],
                has_others=any(match.person not in (None, *wanted) for match, _ in whole),
                is_cut=len(row) < limit and len(whole) == len(each) and len(seen) == count,
            )
            for row, whole, each, seen in zip(near, like, similar, found, strict=True)
        ]

    def _known(self, collection: Collection, face_ids: Iterable[str]) -> dict[str, EnrolledFace]:
        ids = sorted(set(face_ids))
        found = self.index.get(collection.gallery_id, ids) if ids else []
        return {face.face_id: face for face in found}


def _somebodys(matches: Iterable[Match]) -> Iterator[Match]:
    """Leave out faces that users said are nobody's, and people who are farther than one of them."""
    is_nobody = False
    for match in matches:
        is_nobody = is_nobody or match.is_nobodys
        if not (match.is_nobodys or (is_nobody and match.person is not None)):
            yield match


def _wanted(
    only: PeopleWith | None, people: Sequence[str], *, unnamed: bool = False
) -> frozenset[str | None]:
    """Return who of the people may be a match; nobody's faces may, unless people are chosen."""
    if only is not None:
        return frozenset(only.among(people))
    return frozenset(people) | ({None} if unnamed else set())


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
