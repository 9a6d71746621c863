"""Answers at once: whose face is this, are these two the same, what faces are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.collections.collection import Collection, check_model
from core.collections.registry import Collections
from core.errors import NoFaceFound, PersonNotFound
from core.faces.results import EVERY_FACE, LARGEST_FACE, NO_EMBEDDING, Face, Needed, Recognition
from core.faces.similarity import similarity
from core.ground.records import Frozen
from core.jobs.recognition_job import DetectedFace, FaceWarning, warning_of
from core.ports import FaceIndex, Match, without_rejected

MAX_MATCHES: Final = 100
_REJECTED_ALLOWANCE: Final = 20
"""Neighbours looked at beyond those asked for, since some may be rejected."""

_MAX_COMPARED: Final = 1000
"""Faces of one person that a verification compares with."""


class FaceMatch(Frozen):
    """An enrolled face that is like the searched one; ``similarity`` is 0–100."""

    face_id: str
    person: str | None
    image_id: str
    similarity: float
    distance: float
    metadata: dict[str, str]


class SearchedFace(Frozen):
    """A face of the photo and the enrolled faces like it, nearest first.

    ``warning`` is ``POOR_FACE`` where matches rest on a poor face, ``NOT_SEARCHED``
    where the face was so poor that it was not looked for.
    """

    searched_face: DetectedFace
    matches: list[FaceMatch]
    warning: FaceWarning | None = None


class Matched(Frozen):
    """What a search of a collection found; ``faces`` are largest first.

    ``threshold`` is the least similarity of a match; ``ignored_faces`` counts
    the faces that were not searched because only the largest one is by default.
    """

    collection_id: str
    threshold: float
    faces: list[SearchedFace]
    ignored_faces: int


class Verified(Frozen):
    """Whether two faces are one person's; ``threshold`` is the least similarity for that."""

    same: bool
    similarity: float
    distance: float
    threshold: float


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
    max_distance : float
        Largest distance of two faces of one person; a similarity of 80.
    min_quality : float
        Faces of a lower quality, 0–100, are not looked for, unless a call has another bound.
    """

    recognise: Recognise
    collections: Collections
    index: FaceIndex
    max_distance: float
    min_quality: float = 0.0

    def detect(self, photo: bytes) -> Recognition:
        """Return the faces of a photo, largest first."""
        return self.recognise(photo, needed=NO_EMBEDDING)

    def match(
        self,
        photo: bytes,
        collection_id: str,
        *,
        threshold: float | None,
        max_matches: int,
        all_faces: bool,
        min_quality: float | None = None,
    ) -> Matched:
        """Search a collection for the largest face of a photo, or for all.

        Parameters
        ----------
        threshold : float, optional
            Least similarity of a match, instead of the collection's.
        min_quality : float, optional
            Least quality of a face that is looked for, instead of the service's own.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        ModelMismatch
            If it holds embeddings of another model.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        recognition = self.recognise(photo, needed=EVERY_FACE if all_faces else LARGEST_FACE)
        check_model(collection, recognition.model)
        least = collection.threshold if threshold is None else threshold
        least_quality = self.min_quality if min_quality is None else min_quality
        good = [face for face in recognition.faces if face.quality >= least_quality]
        found = iter(self._search(collection, good, least=least, limit=max_matches))
        return Matched(
            collection_id=collection_id,
            threshold=least,
            faces=[
                _searched(face, found, least_quality=least_quality) for face in recognition.faces
            ],
            ignored_faces=recognition.left_out_faces,
        )

    def verify_photos(self, photo: bytes, other: bytes, *, threshold: float) -> Verified:
        """Compare the largest faces of two photos.

        Raises
        ------
        NoFaceFound
            If a photo shows none.
        """
        one, two = (
            self._largest(self.recognise(each, needed=LARGEST_FACE), which)
            for each, which in ((photo, "image"), (other, "other_image"))
        )
        return self._verified(float(np.linalg.norm(one.embedding - two.embedding)), threshold)

    def verify_person(
        self, photo: bytes, collection_id: str, person: str, *, threshold: float | None
    ) -> Verified:
        """Compare the largest face of a photo with the enrolled faces of a person.

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
        recognition = self.recognise(photo, needed=LARGEST_FACE)
        check_model(collection, recognition.model)
        face = self._largest(recognition, "image")
        enrolled = (
            []
            if collection.model is None
            else self.index.page(collection.gallery_id, limit=_MAX_COMPARED, person=person)
        )
        if not enrolled:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        gallery = np.stack([known.embedding for known in enrolled])
        distance = float(np.linalg.norm(gallery - face.embedding, axis=1).min())
        return self._verified(distance, collection.threshold if threshold is None else threshold)

    def _search(
        self, collection: Collection, faces: Sequence[Face], *, least: float, limit: int
    ) -> list[list[FaceMatch]]:
        if collection.model is None or not faces:
            return [[] for _ in faces]
        probes: NDArray[np.float32] = np.stack([face.embedding for face in faces])
        self.index.refresh(collection.gallery_id)
        found = self.index.search(collection.gallery_id, probes, limit=limit + _REJECTED_ALLOWANCE)
        near = [
            [
                match
                for match in without_rejected(matches)
                if self._similarity(match.distance) >= least
            ]
            for matches in found
        ]
        return self._described(collection, [matches[:limit] for matches in near])

    def _described(self, collection: Collection, found: list[list[Match]]) -> list[list[FaceMatch]]:
        """Add what only the index's storage knows; faces erased just now fall out."""
        ids = {match.face_id for matches in found for match in matches}
        known = (
            {face.face_id: face for face in self.index.get(collection.gallery_id, sorted(ids))}
            if ids
            else {}
        )
        return [
            [
                FaceMatch(
                    face_id=match.face_id,
                    person=known[match.face_id].person,
                    image_id=known[match.face_id].image_id,
                    similarity=round(self._similarity(match.distance), 1),
                    distance=round(match.distance, 4),
                    metadata=dict(known[match.face_id].metadata),
                )
                for match in matches
                if match.face_id in known
            ]
            for matches in found
        ]

    def _verified(self, distance: float, threshold: float) -> Verified:
        likeness = self._similarity(distance)
        return Verified(
            same=likeness >= threshold,
            similarity=round(likeness, 1),
            distance=round(distance, 4),
            threshold=threshold,
        )

    def _similarity(self, distance: float) -> float:
        return similarity(distance, threshold_distance=self.max_distance)

    @staticmethod
    def _largest(recognition: Recognition, which: str) -> Face:
        if not recognition.faces:
            raise NoFaceFound(f"no face was found in {which!r}")
        return recognition.faces[0]


def _searched(
    face: Face, found: Iterator[list[FaceMatch]], *, least_quality: float
) -> SearchedFace:
    """Take a face's matches from those of the faces that were looked for."""
    matches = next(found) if face.quality >= least_quality else []
    return SearchedFace(
        searched_face=DetectedFace.of(face),
        matches=matches,
        warning=warning_of(face, least=least_quality, found=bool(matches)),
    )
