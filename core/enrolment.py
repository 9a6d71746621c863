"""Faces of a photo into a collection."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.collections import Collections
from core.errors import CollectionNotFound
from core.faces.results import Face, Recognition
from core.index_jobs import (
    FaceRecord,
    IndexDone,
    IndexJob,
    UnindexedFace,
    UnindexedReason,
)
from core.jobs import DetectedFace, ImageSize, Model
from core.ports import EnrolledFace, FaceIndex

BYSTANDER: Final = 4.0
"""A face this many times smaller than the largest is somebody in the background."""

_NAMESPACE: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


def face_id(collection_id: str, image_id: str, position: int) -> str:
    """Return the id of a photo's face, the same at every attempt.

    ``position`` counts from the largest face, 0, on.
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([collection_id, image_id, position])))


class Enroller:
    """Adds the faces of photos to collections; doing it again changes nothing."""

    def __init__(self, collections: Collections, index: FaceIndex) -> None:
        self._collections = collections
        self._index = index

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
        chosen = [_choose(job, recognition) for job, recognition in photos]
        faces = [face for indexed, _ in chosen for face in indexed]
        if faces:
            stored = self._store(photos[0][0].collection_id, photos[0][1], faces)
        else:
            stored = {}
            self._collections.get(photos[0][0].collection_id)
        return [
            _done(job, recognition, [stored[face.face_id] for face in indexed], unindexed)
            for (job, recognition), (indexed, unindexed) in zip(photos, chosen, strict=True)
        ]

    def _store(
        self, collection_id: str, recognition: Recognition, faces: list[EnrolledFace]
    ) -> dict[str, EnrolledFace]:
        collection = self._collections.get(collection_id)
        length = len(faces[0].embedding)
        collection = self._collections.bind(collection, recognition.model, length=length)
        found = self._index.get(collection.gallery_id, [face.face_id for face in faces])
        known = {face.face_id: face for face in found}
        kept = [_as_users_said(face, known.get(face.face_id)) for face in faces]
        self._index.put(collection.gallery_id, kept)
        if not self._collections.is_current(collection):
            self._index.drop(collection.gallery_id)
            raise CollectionNotFound(f"collection {collection_id!r} was erased meanwhile")
        return {face.face_id: face for face in kept}


def _as_users_said(face: EnrolledFace, known: EnrolledFace | None) -> EnrolledFace:
    """Keep what was said of this face before, unless another job says whose it is.

    It is never again a person's whose it was said not to be.
    """
    if known is None:
        return face
    is_repeated = face.person is None or face.job_id == known.job_id
    person = known.person if is_repeated else face.person
    return replace(
        face, person=None if person in known.rejected else person, rejected=known.rejected
    )


def _choose(
    job: IndexJob, recognition: Recognition
) -> tuple[list[EnrolledFace], list[UnindexedFace]]:
    """Return the faces of a photo that are added, and the others with their reasons."""
    faces = recognition.faces
    reason: UnindexedReason
    if job.person is None:
        added, reason = job.max_faces, "EXCEEDS_MAX_FACES"
    elif _has_rivals(faces):
        added, reason = 0, "SEVERAL_LARGE_FACES"
    else:
        added, reason = 1, "NOT_THE_LARGEST_FACE"
    indexed = [_enrolled(job, position, face) for position, face in enumerate(faces[:added])]
    unindexed = [UnindexedFace(reason=reason, face=DetectedFace.of(face)) for face in faces[added:]]
    return indexed, unindexed


def _has_rivals(faces: Sequence[Face]) -> bool:
    return any(face.box.area * BYSTANDER > faces[0].box.area for face in faces[1:])


def _enrolled(job: IndexJob, position: int, face: Face) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id(job.collection_id, job.image_id, position),
        person=job.person,
        image_id=job.image_id,
        embedding=face.embedding,
        metadata=job.metadata,
        job_id=job.job_id,
    )


def _done(
    job: IndexJob,
    recognition: Recognition,
    enrolled: list[EnrolledFace],
    unindexed: list[UnindexedFace],
) -> IndexDone:
    return IndexDone(
        job_id=job.job_id,
        collection_id=job.collection_id,
        image_id=job.image_id,
        face_records=[
            FaceRecord(face_id=added.face_id, person=added.person, face=DetectedFace.of(face))
            for added, face in zip(enrolled, recognition.faces, strict=False)
        ],
        unindexed_faces=unindexed,
        image=ImageSize(width=recognition.width, height=recognition.height),
        model=Model(name=recognition.model.name, version=recognition.model.version),
    )
