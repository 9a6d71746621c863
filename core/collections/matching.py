"""Answers at once: whose face is this, are these two the same, what faces are there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from core.collections.collection import Collection, check_model
from core.collections.consents import Consents
from core.collections.enrolled_search import EnrolledSearch, FoundMatches
from core.collections.likeness import LikenessOfFaces
from core.collections.matches import (
    By,
    FaceMatch,
    Matched,
    PersonMatch,
    SearchedByFace,
    SearchedFace,
    Verified,
)
from core.collections.people_with import PeopleWith
from core.collections.registry import Collections
from core.collections.unknown.keeping import UnknownKeeper
from core.errors import FaceNotFound, NoFaceFound, PersonNotFound
from core.faces.results import EVERY_FACE, LARGEST_FACE, NO_EMBEDDING, Face, Needed, Recognition
from core.faces.templates import template_of
from core.host.tracing import tracing
from core.jobs.recognition_job import DetectedFace, warning_of
from core.ports import EnrolledFace, FaceIndex

MAX_MATCHES: Final = 100
_MAX_COMPARED: Final = 1000
"""Faces of one person that a verification compares with."""


class Recognise(Protocol):
    """Turns a photo into faces, of those only what is needed."""

    def __call__(self, photo: bytes, *, needed: Needed) -> Recognition: ...


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Compares the faces of photos.

    Parameters
    ----------
    recognise : callable
        Turns a photo into faces, in a timed child process.
    likeness : LikenessOfFaces
        Tells how like people are to a face.
    min_quality : float
        Faces of a lower quality, 0–100, are not looked for, unless a call has another bound.
    """

    recognise: Recognise
    collections: Collections
    index: FaceIndex
    likeness: LikenessOfFaces
    consents: Consents
    min_quality: float = 0.0
    unknowns: UnknownKeeper | None = None
    """Keeps the faces that nobody matches, where collections want it."""

    def detect(self, photo: bytes) -> Recognition:
        """Return the faces of a photo, largest first."""
        return self._seen(photo, NO_EMBEDDING)

    def match(
        self,
        photo: bytes,
        collection_id: str,
        *,
        threshold: float | None,
        max_matches: int,
        all_faces: bool,
        min_quality: float | None = None,
        by: By = "person",
        metadata: Mapping[str, str] | None = None,
    ) -> Matched:
        """Search a collection for the largest face of a photo, or for all.

        Parameters
        ----------
        threshold : float, optional
            Least similarity of a match, instead of the collection's.
        min_quality : float, optional
            Least quality of a face that is looked for, instead of the service's own.
        by : {"person", "face"}
            Whether people match, none of them two faces, or single enrolled faces.
        metadata : mapping of str to str, optional
            What the metadata of a person must have, all of it, to be a match.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        ModelMismatch
            If it holds embeddings of another model.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        keeps = self.unknowns is not None and self.unknowns.keeps(collection)
        needed = EVERY_FACE if all_faces else LARGEST_FACE
        recognition = self._seen(photo, replace(needed, crops=keeps))
        check_model(collection, recognition.model)
        least = self._least(collection, threshold)
        least_quality = self.min_quality if min_quality is None else min_quality
        good = [face.embedding for face in recognition.faces if face.quality >= least_quality]
        only = self._people_with(collection_id, metadata)
        with tracing().span("search"):
            found_good = self._search.find(
                collection, good, by=by, least=least, limit=max_matches, only=only
            )
        searched = iter(found_good)
        found = [
            next(searched) if face.quality >= least_quality else FoundMatches(matches=[])
            for face in recognition.faces
        ]
        matched = Matched(
            collection_id=collection_id,
            threshold=least,
            by=by,
            faces=[
                _searched(face, own, least_quality=least_quality)
                for face, own in zip(recognition.faces, found, strict=True)
            ],
            ignored_faces=recognition.left_out_faces,
        )
        if self.unknowns is not None and keeps:
            self.unknowns.keep(collection_id, recognition, [own.is_named for own in found])
        return matched

    def search_face(
        self,
        collection_id: str,
        face_id: str,
        *,
        threshold: float | None,
        max_matches: int,
        by: By = "person",
        metadata: Mapping[str, str] | None = None,
    ) -> SearchedByFace:
        """Search a collection for who else is like an enrolled face.

        By person, the face's own person is left out; by face, only the face itself is.
        ``metadata`` is as in `match`.

        Raises
        ------
        CollectionNotFound, FaceNotFound
            If there is no such collection, or no such face in it.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        known = [] if collection.model is None else self.index.get(collection.gallery_id, [face_id])
        if not known:
            raise FaceNotFound(f"no face {face_id} is enrolled in {collection_id!r}")
        face = known[0]
        least = self._least(collection, threshold)
        only = self._people_with(collection_id, metadata)
        with tracing().span("search"):
            (found,) = self._search.find(
                collection, [face.embedding], by=by, least=least, limit=max_matches + 1, only=only
            )
        return SearchedByFace(
            collection_id=collection_id,
            face_id=face_id,
            person=face.person,
            threshold=least,
            by=by,
            matches=_others(found.matches, face)[:max_matches],
        )

    def verify_photos(self, photo: bytes, other: bytes, *, threshold: float | None) -> Verified:
        """Compare the largest faces of two photos.

        Raises
        ------
        NoFaceFound
            If a photo shows none.
        """
        seen, seen_other = (self._seen(each, LARGEST_FACE) for each in (photo, other))
        one, two = self._largest(seen, "image"), self._largest(seen_other, "other_image")
        distance = float(np.linalg.norm(one.embedding - two.embedding))
        return _verified(
            distance,
            self.likeness.of_photos(seen.model, one.embedding, two.embedding),
            self.likeness.usual_least if threshold is None else threshold,
        )

    def verify_person(
        self, photo: bytes, collection_id: str, person: str, *, threshold: float | None
    ) -> Verified:
        """Compare the largest face of a photo with the template of a person.

        Raises
        ------
        NoFaceFound
            If the photo shows none.
        PersonNotFound
            If no one of that name is enrolled.
        CollectionNotFound, ModelMismatch
            As in `match`.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        recognition = self._seen(photo, LARGEST_FACE)
        check_model(collection, recognition.model)
        face = self._largest(recognition, "image")
        with tracing().span("search"):
            enrolled = (
                []
                if collection.model is None
                else self.index.page(collection.gallery_id, limit=_MAX_COMPARED, person=person)
            )
        if not enrolled:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        template = template_of(np.stack([known.embedding for known in enrolled]))
        distance = float(np.linalg.norm(template - face.embedding))
        return _verified(
            distance,
            self.likeness.of_template(
                recognition.model, face.embedding, template, faces=len(enrolled)
            ),
            self._least(collection, threshold),
            faces=len(enrolled),
        )

    def _seen(self, photo: bytes, needed: Needed) -> Recognition:
        with tracing().span("recognise"):
            recognition = self.recognise(photo, needed=needed)
            tracing().past(recognition.timings_ms)
        return recognition

    @cached_property
    def _search(self) -> EnrolledSearch:
        return EnrolledSearch(index=self.index, likeness=self.likeness)

    def _people_with(
        self, collection_id: str, metadata: Mapping[str, str] | None
    ) -> PeopleWith | None:
        if not metadata:
            return None
        return PeopleWith(consents=self.consents, collection_id=collection_id, metadata=metadata)

    def _least(self, collection: Collection, threshold: float | None) -> float:
        return self.likeness.least(collection) if threshold is None else threshold

    @staticmethod
    def _largest(recognition: Recognition, which: str) -> Face:
        if not recognition.faces:
            raise NoFaceFound(f"no face was found in {which!r}")
        return recognition.faces[0]


def _verified(
    distance: float, similarity: float, least: float, *, faces: int | None = None
) -> Verified:
    return Verified(
        same=similarity >= least,
        similarity=round(similarity, 1),
        distance=round(distance, 4),
        threshold=least,
        faces=faces,
    )


def _others(
    found: list[PersonMatch] | list[FaceMatch], face: EnrolledFace
) -> list[PersonMatch] | list[FaceMatch]:
    """Leave out the face itself, and its person where people were looked for."""
    people = [each for each in found if isinstance(each, PersonMatch)]
    faces = [each for each in found if isinstance(each, FaceMatch)]
    if people:
        return [each for each in people if each.person != face.person]
    return [each for each in faces if each.face_id != face.face_id]


def _searched(face: Face, found: FoundMatches, *, least_quality: float) -> SearchedFace:
    warning = warning_of(face, least=least_quality, found=bool(found.matches))
    return SearchedFace(
        searched_face=DetectedFace.of(face),
        matches=found.matches,
        warning="NAMED_ELSEWHERE" if found.elsewhere else warning,
    )
