"""Faces of a photo into a collection."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.choosing import ChosenFaces, left_out, too_poor
from core.collections import Collection, Collections, check_model
from core.errors import CollectionNotFound
from core.faces.results import Face, ModelId, Recognition
from core.index_jobs import IndexDone, IndexJob
from core.ports import EnrolledFace, FaceIndex
from core.same_photo import of_others

_NAMESPACE: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


def face_id(collection_id: str, image_id: str, position: int) -> str:
    """Return the id of a photo's face, the same at every attempt.

    ``position`` counts from the largest face, 0, on.
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([collection_id, image_id, position])))


@dataclass(frozen=True, kw_only=True)
class Added:
    """Faces as they are stored now, in the order given, and how many that changed."""

    faces: list[EnrolledFace]
    changed: int


class Enroller:
    """Adds the faces of photos to collections; doing it again changes nothing.

    Parameters
    ----------
    min_quality : float
        Faces of a lower quality, 0–100, are not added, unless a job has another bound.
    """

    def __init__(
        self, collections: Collections, index: FaceIndex, *, min_quality: float = 0.0
    ) -> None:
        self._collections = collections
        self._index = index
        self._min_quality = min_quality

    def enrol(self, job: IndexJob, recognition: Recognition) -> IndexDone:
        """Add a photo's faces, and tell which were added and which not.

        Raises
        ------
        CollectionNotFound
            If there is no such collection, or it was erased meanwhile.
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        return self.enrol_all([(job, recognition)])[0]

    def enrol_all(self, photos: Sequence[tuple[IndexJob, Recognition]]) -> list[IndexDone]:
        """Add the faces of several photos of one collection with one write."""
        chosen = [_chosen(*photo, min_quality=self._min_quality) for photo in photos]
        collection_id, model = photos[0][0].collection_id, photos[0][1].model
        faces = [face for photo in chosen for face in photo.added.values()]
        refused = of_others(self._index, self._gallery_of(collection_id, model), faces)
        chosen = [photo.without(refused, "SAME_PHOTO") for photo in chosen]
        faces = [face for photo in chosen for face in photo.added.values()]
        added = self.add(collection_id, faces, model=model)
        stored = {face.face_id: face for face in added.faces}
        return [photo.done(stored) for photo in chosen]

    def _gallery_of(self, collection_id: str, model: ModelId) -> str | None:
        """Return a collection's gallery, None until it holds a face."""
        collection = self._collections.get(collection_id)
        check_model(collection, model)
        return None if collection.model is None else collection.gallery_id

    def add(self, collection_id: str, faces: Sequence[EnrolledFace], *, model: ModelId) -> Added:
        """Store faces with one write, keeping what users said of those that are there.

        Raises
        ------
        CollectionNotFound
            If there is no such collection, or it was erased meanwhile.
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        while True:
            collection = self._collections.get(collection_id)
            if not faces:
                return Added(faces=[], changed=0)
            length = len(faces[0].embedding)
            collection = self._collections.bind(collection, model, length=length)
            added, changed = self._compared(collection.gallery_id, faces)
            if changed:
                self._index.put(collection.gallery_id, changed)
            else:
                # Whoever stored them may have died before telling the others.
                self._collections.announce(collection)
            if self._collections.is_current(collection):
                return Added(faces=added, changed=len(changed))
            self._leave_erased(collection)

    def _compared(
        self, gallery_id: str, faces: Sequence[EnrolledFace]
    ) -> tuple[list[EnrolledFace], list[EnrolledFace]]:
        """Return the faces as they are to be stored, and those of them that are not yet."""
        found = self._index.get(gallery_id, [face.face_id for face in faces])
        known = {face.face_id: face for face in found}
        added = [_as_users_said(face, known.get(face.face_id)) for face in faces]
        return added, [face for face in added if not _same(face, known.get(face.face_id))]

    def _leave_erased(self, collection: Collection) -> None:
        """Leave nothing in the gallery of an erased collection; one may also have got another."""
        try:
            self._collections.get(collection.collection_id)
        except CollectionNotFound:
            self._index.drop(collection.gallery_id)
            raise


def _as_users_said(face: EnrolledFace, known: EnrolledFace | None) -> EnrolledFace:
    """Keep what was said of this face before, unless it is now said again whose it is.

    A job that runs twice says nothing new. A face is never again a person's
    whose it was said not to be.
    """
    if known is None:
        return face
    is_repeated = face.job_id is not None and face.job_id == known.job_id
    person = known.person if face.person is None or is_repeated else face.person
    rejected = face.rejected | known.rejected
    return replace(face, person=None if person in rejected else person, rejected=rejected)


def _same(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    return (
        known is not None
        and _without_embedding(face) == _without_embedding(known)
        and np.array_equal(face.embedding, known.embedding)
    )


def _without_embedding(face: EnrolledFace) -> tuple[object, ...]:
    return (face.person, face.image_id, dict(face.metadata), face.rejected, face.job_id)


def _chosen(job: IndexJob, recognition: Recognition, *, min_quality: float) -> ChosenFaces:
    faces = recognition.faces
    reasons = left_out(job, faces)
    wanted = [place for place in range(len(faces)) if place not in reasons]
    least = min_quality if job.min_quality is None else job.min_quality
    reasons |= too_poor(faces, wanted, least=least)
    return ChosenFaces(
        job=job,
        recognition=recognition,
        added={
            position: _enrolled(job, position, face)
            for position, face in enumerate(faces)
            if position not in reasons
        },
        left_out=reasons,
    )


def _enrolled(job: IndexJob, position: int, face: Face) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id(job.collection_id, job.image_id, position),
        person=job.person,
        image_id=job.image_id,
        embedding=face.embedding,
        metadata=job.metadata,
        job_id=job.job_id,
    )
