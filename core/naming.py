"""Faces of a photo to the names of enrolled people."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from core.collections import Collections, check_model
from core.faces.results import Face, Recognition
from core.faces.similarity import similarity
from core.jobs import DetectedFace, ImageSize, JobDone, Model, NamedFace, headline
from core.ports import FaceIndex, Match

_NEIGHBOURS: Final = 50
"""Nearest faces among which a person is looked for: faces without a name may be nearer."""


def believable(matches: Sequence[Match]) -> Iterator[Match]:
    """Yield matches, nearest first, without persons that a nearer face was said not to be."""
    rejected: frozenset[str] = frozenset()
    for match in matches:
        rejected |= match.rejected
        if match.person not in rejected:
            yield match


class FaceNamer:
    """Compares the faces of a photo with the people of a collection.

    Parameters
    ----------
    collections : Collections
    index : FaceIndex
    max_distance : float
        Largest distance of two faces of one person; a similarity of 80.
    """

    def __init__(self, collections: Collections, index: FaceIndex, *, max_distance: float) -> None:
        self._collections = collections
        self._index = index
        self._max_distance = max_distance

    def name(self, job_id: str, collection_id: str, recognition: Recognition) -> JobDone:
        """Return the result of a job.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        ModelMismatch
            If people were enrolled with another model than the photo's.
        """
        started = time.perf_counter()
        faces = self._named(collection_id, recognition)
        search_ms = (time.perf_counter() - started) * 1000
        timings_ms = recognition.timings_ms | {"search": search_ms}
        return JobDone(
            job_id=job_id,
            result=headline(faces),
            collection_id=collection_id,
            faces=faces,
            image=ImageSize(width=recognition.width, height=recognition.height),
            model=Model(name=recognition.model.name, version=recognition.model.version),
            timings_ms={step: round(spent, 1) for step, spent in timings_ms.items()},
        )

    def _named(self, collection_id: str, recognition: Recognition) -> list[NamedFace]:
        collection = self._collections.get(collection_id)
        check_model(collection, recognition.model)
        faces = recognition.faces
        if collection.model is None or not faces:
            return [self._face(face, None, collection.threshold) for face in faces]
        probes = np.stack([face.embedding for face in faces])
        self._index.refresh(collection.gallery_id)
        found = self._index.search(collection.gallery_id, probes, limit=_NEIGHBOURS)
        return [
            self._face(face, _nearest_person(matches), collection.threshold)
            for face, matches in zip(faces, found, strict=True)
        ]

    def _face(self, face: Face, match: Match | None, threshold_similarity: float) -> NamedFace:
        shown = dict(DetectedFace.of(face))
        if match is None:
            return NamedFace(name=None, similarity=None, distance=None, **shown)
        likeness = similarity(match.distance, threshold_distance=self._max_distance)
        return NamedFace(
            name=match.person if likeness >= threshold_similarity else None,
            face_id=match.face_id,
            similarity=round(likeness, 1),
            distance=round(match.distance, 4),
            **shown,
        )


def _nearest_person(matches: Sequence[Match]) -> Match | None:
    return next((match for match in believable(matches) if match.person is not None), None)
