"""Identifies the faces of a photo: which enrolled person each one shows."""

import time

from core.collections.collection import check_model
from core.collections.grounds import Grounds
from core.collections.likeness import Likeness, LikenessOfFaces, LikePerson, one_to_one
from core.collections.registry import Collections
from core.faces.results import Face, Recognition
from core.jobs.recognition_job import (
    DetectedFace,
    FaceWarning,
    JobDone,
    NamedFace,
    RecognisedPhoto,
    RunnerUp,
    headline,
    warning_of,
)


class FaceIdentifier:
    """Compares the faces of a photo with the people of a collection.

    Parameters
    ----------
    collections : Collections
    likeness : LikenessOfFaces
    min_quality : float
        Faces of a lower quality, 0–100, are not searched for. A job may set another bound.
    grounds : Grounds, optional
        Notes for each job when the enrolled people were looked up.
    """

    def __init__(
        self,
        collections: Collections,
        likeness: LikenessOfFaces,
        *,
        min_quality: float = 0.0,
        grounds: Grounds | None = None,
    ) -> None:
        self._grounds = grounds or Grounds()
        self._collections = collections
        self._likeness = likeness
        self._min_quality = min_quality

    def identify(
        self,
        job_id: str,
        collection_id: str,
        recognition: Recognition,
        *,
        min_quality: float | None = None,
    ) -> JobDone:
        """Return the result of a job; nobody is named for two of its faces.

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
        searched = [face for face in recognition.faces if face.quality >= least]
        likenesses = self._likeness.of(collection, [face.embedding for face in searched])
        threshold = self._likeness.least(collection)
        shown = one_to_one(likenesses, least=threshold)
        found = iter(zip(likenesses, shown, strict=True))
        return [
            _face(face, *next(found), threshold=threshold)
            if face.quality >= least
            else _nameless(face, "NOT_SEARCHED")
            for face in recognition.faces
        ]


def _nameless(face: Face, warning: FaceWarning | None) -> NamedFace:
    return NamedFace(
        name=None, similarity=None, distance=None, warning=warning, **dict(DetectedFace.of(face))
    )


def _face(
    face: Face, likeness: Likeness, named: LikePerson | None, *, threshold: float
) -> NamedFace:
    shown = named or likeness.best
    warning = warning_of(face, least=0, found=named is not None)
    if shown is None:
        return NamedFace(
            name=None,
            similarity=None,
            distance=None,
            warning=warning,
            **dict(DetectedFace.of(face)),
        )
    if named is None and likeness.reaches(threshold):
        warning = "NAMED_ELSEWHERE"
    return NamedFace(
        name=None if named is None else named.found.person,
        face_id=shown.found.face_id,
        similarity=round(shown.similarity, 1),
        distance=round(shown.found.distance, 4),
        runner_up=None if named is None else _runner_up(likeness, named.found.person),
        warning=warning,
        **dict(DetectedFace.of(face)),
    )


def _runner_up(likeness: Likeness, name: str) -> RunnerUp | None:
    other = likeness.other_than(name)
    if other is None:
        return None
    return RunnerUp(
        name=other.found.person,
        similarity=round(other.similarity, 1),
        face_id=other.found.face_id,
        may_be_same_person=likeness.may_be_one(name, other.found.person),
    )
