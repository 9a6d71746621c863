"""Identifies the faces of a photo: which enrolled person each one shows."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from core.collections.collection import Collection, check_model
from core.collections.grounds import Grounds
from core.collections.registry import Collections
from core.faces.results import Face, Recognition
from core.faces.similarity import similarity
from core.jobs.recognition_job import (
    DetectedFace,
    JobDone,
    NamedFace,
    RecognisedPhoto,
    headline,
    warning_of,
)
from core.ports import FaceIndex, Match, without_rejected

_NEIGHBOURS: Final = 50
"""Nearest faces that are searched for a person, because nameless faces may be nearer."""


class FaceIdentifier:
    """Compares the faces of a photo with the people of a collection.

    Parameters
    ----------
    collections : Collections
    index : FaceIndex
    max_distance : float
        Largest distance of two faces of one person; a similarity of 80.
    min_quality : float
        Faces of a lower quality, 0–100, are not searched for. A job may set another bound.
    grounds : Grounds, optional
        Notes for each job when the enrolled people were looked up.
    """

    def __init__(
        self,
        collections: Collections,
        index: FaceIndex,
        *,
        max_distance: float,
        min_quality: float = 0.0,
        grounds: Grounds | None = None,
    ) -> None:
        self._grounds = grounds or Grounds()
        self._collections = collections
        self._index = index
        self._max_distance = max_distance
        self._min_quality = min_quality

    def identify(
        self,
        job_id: str,
        collection_id: str,
        recognition: Recognition,
        *,
        min_quality: float | None = None,
    ) -> JobDone:
        """Return the result of a job.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        ModelMismatch
            If people were enrolled with another model than the photo's.
        """
        self._grounds.note(job_id, self._grounds.clock())
        started = time.perf_counter()
        least = self._min_quality if min_quality is None else min_quality
        faces = self._named(collection_id, recognition, least=least)
        search_ms = (time.perf_counter() - started) * 1000
        return JobDone(
            job_id=job_id,
            result=headline(faces),
            collection_id=collection_id,
            faces=faces,
            **dict(RecognisedPhoto.of(recognition, search=search_ms)),
        )

    def _named(
        self, collection_id: str, recognition: Recognition, *, least: float
    ) -> list[NamedFace]:
        collection = self._collections.get(collection_id)
        check_model(collection, recognition.model)
        nearest = iter(self._nearest_people(collection, recognition.faces, least=least))
        return [
            self._face(
                face,
                next(nearest) if face.quality >= least else None,
                collection.threshold,
                least=least,
            )
            for face in recognition.faces
        ]

    def _nearest_people(
        self, collection: Collection, faces: Sequence[Face], *, least: float
    ) -> list[Match | None]:
        """Return the nearest person to each face that is good enough to search for."""
        probes = [face.embedding for face in faces if face.quality >= least]
        if collection.model is None or not probes:
            return [None] * len(probes)
        self._index.refresh(collection.gallery_id)
        found = self._index.search(collection.gallery_id, np.stack(probes), limit=_NEIGHBOURS)
        return [_nearest_person(matches) for matches in found]

    def _face(
        self, face: Face, match: Match | None, threshold_similarity: float, *, least: float
    ) -> NamedFace:
        shown = dict(DetectedFace.of(face))
        if match is None:
            warning = warning_of(face, least=least, found=False)
            return NamedFace(name=None, similarity=None, distance=None, warning=warning, **shown)
        likeness = similarity(match.distance, threshold_distance=self._max_distance)
        named = likeness >= threshold_similarity
        return NamedFace(
            name=match.person if named else None,
            face_id=match.face_id,
            similarity=round(likeness, 1),
            distance=round(match.distance, 4),
            warning=warning_of(face, least=least, found=named),
            **shown,
        )


def _nearest_person(matches: Sequence[Match]) -> Match | None:
    return next((match for match in without_rejected(matches) if match.person is not None), None)
