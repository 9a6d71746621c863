"""Faces of a photo into a collection."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from core.access.limits.quotas import Quotas
from core.collections.collection import Collection, check_model
from core.collections.crops import Crops, Meant
from core.collections.enrolment.face_choice import ChosenFaces, left_out, too_poor
from core.collections.enrolment.known_faces import is_other_photo, is_same, keep_user_edits
from core.collections.enrolment.same_photo import of_others
from core.collections.erasure_records import ErasureLog
from core.collections.grounds import Grounds
from core.collections.registry import Collections
from core.errors import CollectionNotFound, Erased
from core.faces.results import Face, Model, Recognition
from core.jobs.index_job import IndexDone, IndexJob
from core.ports import EnrolledFace, FaceIndex

_MOST_FACES: Final = 100
"""Of one photo."""

_NAMESPACE: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


def face_id(collection_id: str, image_id: str, position: int) -> str:
    """Return the id of a photo's face, the same at every attempt.

    ``position`` counts from the largest face, 0, on.
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([collection_id, image_id, position])))


def possible_face_ids(collection_id: str, image_id: str) -> list[str]:
    """Return the ids that faces of a photo can have."""
    return [face_id(collection_id, image_id, position) for position in range(_MOST_FACES)]


@dataclass(frozen=True, kw_only=True)
class Added:
    """Faces as they are stored now, in the order given, and how many that changed.

    Those that were erased meanwhile are not among them; ``erased`` is the log that says so,
    as of a monotonic time.
    """

    faces: list[EnrolledFace]
    changed: int
    erased: ErasureLog
    looked_s: float


class Enroller:
    """Adds the faces of photos to collections; doing it again changes nothing.

    What was erased after a photo was accepted is not added again. An erasure leaves its record
    before it looks for faces, and faces are added before the records are looked at once more:
    so either the erasure finds the faces, or they are taken away again here.

    Parameters
    ----------
    min_quality : float
        Faces of a lower quality, 0–100, are not added, unless a job has another bound.
    grounds : Grounds, optional
        Where it is noted when it was looked at what was erased.
    quotas : Quotas, optional
        Those of the tenant, for jobs; nothing else is held to them.
    crops : Crops
        Those of the tenant.
    wall_clock : callable
        Seconds since 1970, for the time when a face is stored first.
    """

    def __init__(
        self,
        collections: Collections,
        index: FaceIndex,
        *,
        min_quality: float = 0.0,
        grounds: Grounds | None = None,
        quotas: Quotas | None = None,
        crops: Crops,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._crops = crops
        self._wall_clock = wall_clock
        self._quotas = quotas
        self._grounds = grounds or Grounds()
        self._collections = collections
        self._index = index
        self._min_quality = min_quality

    def enrol(self, job: IndexJob, recognition: Recognition) -> IndexDone:
        """Add a photo's faces, and tell which were added and which not.

        Raises
        ------
        CollectionNotFound
            If there is no such collection, or it was erased meanwhile.
        Erased
            If the person or a face was erased after the photo was accepted.
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        (answer,) = self.enrol_all([(job, recognition)])
        if isinstance(answer, Erased):
            raise answer
        return answer

    def enrol_all(self, photos: Sequence[tuple[IndexJob, Recognition]]) -> list[IndexDone | Erased]:
        """Add the faces of several photos of one collection with one write.

        What was erased after its photo was accepted is answered with the error.
        """
        chosen = [_chosen(*photo, min_quality=self._min_quality) for photo in photos]
        collection_id, model = photos[0][0].collection_id, photos[0][1].model
        chosen = self._without_known(collection_id, model, chosen)
        chosen = self._within_quota(collection_id, model, chosen)

        def refused(log: ErasureLog) -> set[str]:
            """Return the faces of those photos of which something was erased."""
            return {
                face.face_id
                for photo in chosen
                if _is_photo_erased(log, photo)
                for face in photo.added.values()
            }

        faces = [face for photo in chosen for face in photo.added.values()]
        added = self._add(
            collection_id,
            faces,
            model=model,
            refused=refused,
            accepted={photo.job.job_id: photo.job.accepted_at for photo in chosen},
            crops={face_id: crop for photo in chosen for face_id, crop in photo.crops},
        )
        for photo in chosen:
            self._grounds.note(photo.job.job_id, added.looked_s)
        stored = {face.face_id: face for face in added.faces}
        return [
            Erased() if _is_photo_erased(added.erased, photo) else photo.done(stored)
            for photo in chosen
        ]

    def _without_known(
        self, collection_id: str, model: Model, chosen: list[ChosenFaces]
    ) -> list[ChosenFaces]:
        """Leave out faces of photos that have another person's name already."""
        log = self._collections.erased(self._collections.get(collection_id))
        faces = [
            replace(face, person=_name_now(log, face, photo.job.accepted_at))
            for photo in chosen
            if not _is_photo_erased(log, photo)
            for face in photo.added.values()
        ]
        refused = of_others(self._index, self._gallery_of(collection_id, model), faces)
        return [photo.without(refused, "SAME_PHOTO") for photo in chosen]

    def _within_quota(
        self, collection_id: str, model: Model, chosen: list[ChosenFaces]
    ) -> list[ChosenFaces]:
        """Leave out faces beyond the tenant's quota, but none that is enrolled already."""
        free = None if self._quotas is None else self._quotas.free_faces()
        ids = [face.face_id for photo in chosen for face in photo.added.values()]
        if free is None or len(ids) <= free:
            return chosen
        gallery_id = self._gallery_of(collection_id, model)
        found = [] if gallery_id is None else self._index.get(gallery_id, ids)
        known = {face.face_id for face in found}
        refused = set([each for each in ids if each not in known][free:])
        return [photo.without(refused, "QUOTA_EXCEEDED") for photo in chosen]

    def _gallery_of(self, collection_id: str, model: Model) -> str | None:
        """Return a collection's gallery, None until it holds a face."""
        collection = self._collections.get(collection_id)
        check_model(collection, model)
        return None if collection.model is None else collection.gallery_id

    def add(
        self,
        collection_id: str,
        faces: Sequence[EnrolledFace],
        *,
        model: Model,
        accepted_at: datetime | None = None,
        crops: Mapping[str, bytes] | None = None,
    ) -> Added:
        """Store faces with one write, keeping what users said of those that are there.

        Parameters
        ----------
        accepted_at : datetime, optional
            Since when the caller has wanted it, by S3's clock; now unless given. Faces that
            were erased later are left out.
        crops : mapping of str to bytes, optional
            Those of the faces, by their ids.

        Raises
        ------
        CollectionNotFound
            If there is no such collection, or it was erased meanwhile.
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        since = accepted_at or self._collections.erasures.clock()
        return self._add(
            collection_id,
            faces,
            model=model,
            refused=lambda log: {
                face.face_id
                for face in faces
                if log.covers(person=face.person, face_ids=[face.face_id], accepted_at=since)
            },
            accepted={face.job_id: since for face in faces},
            crops=crops or {},
        )

    def refuse_erased(self, job: IndexJob) -> None:
        """Raise ``Erased`` if a job's person or collection was erased after it was accepted.

        What an attempt that broke off had enrolled is taken away.
        """
        try:
            log = self._collections.erased(self._collections.get(job.collection_id))
        except CollectionNotFound:
            log = self._collections.erasures.now(job.collection_id)
        if _is_erased(log, job):
            self._withdraw(job)
            raise Erased

    def _withdraw(self, job: IndexJob) -> None:
        ids = possible_face_ids(job.collection_id, job.image_id)
        with suppress(CollectionNotFound):
            collection = self._collections.now(job.collection_id)
            if collection.model is not None:
                self._erase_own(collection, ids, {job.job_id})

    def _add(
        self,
        collection_id: str,
        faces: Sequence[EnrolledFace],
        *,
        model: Model,
        refused: Callable[[ErasureLog], set[str]],
        accepted: Mapping[str | None, datetime | None],
        crops: Mapping[str, bytes],
    ) -> Added:
        """Add those faces that the newest log does not refuse, under the names that it gives.

        ``accepted`` are the times of their jobs.
        """
        put: set[str] = set()
        while True:
            looked_s = self._grounds.clock()
            collection = self._collections.get(collection_id)
            if faces:
                length = len(faces[0].embedding)
                collection = self._collections.bind(collection, model, length=length)
            log = self._collections.erased(collection)
            gone = refused(log)
            kept = [face for face in faces if face.face_id not in gone]
            if put & gone:
                jobs = {face.job_id for face in faces}
                self._erase_own(collection, sorted(put & gone), jobs)
            if not kept:
                return Added(faces=[], changed=0, erased=log, looked_s=looked_s)
            names = [_name_now(log, face, accepted[face.job_id]) for face in kept]
            kept = [
                _with_rejection(face, name, log, accepted[face.job_id])
                for face, name in zip(kept, names, strict=True)
            ]
            found = self._index.get(collection.gallery_id, [face.face_id for face in kept])
            known = {face.face_id: face for face in found}
            added, changed = self._compared(known, kept, names)
            if changed:
                self._put(collection, changed, crops, known)
                self._note_added(sum(face.face_id not in known for face in changed))
                put.update(face.face_id for face in changed)
            else:
                # Whoever stored them may have died before telling the others.
                self._collections.announce(collection)
            looked_s = self._grounds.clock()
            if self._collections.is_current(collection):
                return Added(faces=added, changed=len(changed), erased=log, looked_s=looked_s)
            self._leave_erased(collection)

    def _erase_own(
        self, collection: Collection, face_ids: Sequence[str], job_ids: set[str | None]
    ) -> None:
        """Erase those of the faces that these jobs enrolled, and no later one."""
        found = self._index.get(collection.gallery_id, face_ids)
        own = [face.face_id for face in found if face.job_id in job_ids]
        meant = Meant(job_ids={job_id for job_id in job_ids if job_id is not None})
        unfinished = self._crops.unfinished(collection.crops_folder, meant)
        others = {face.face_id for face in found} - set(own)
        self._crops.erase(collection.crops_folder, {*own, *unfinished} - others)
        if own:
            self._index.erase(collection.gallery_id, own)

    def _compared(
        self,
        known: Mapping[str, EnrolledFace],
        faces: Sequence[EnrolledFace],
        names: Sequence[str | None],
    ) -> tuple[list[EnrolledFace], list[EnrolledFace]]:
        """Return the faces as they are to be stored, and those of them that are not yet."""
        now = datetime.fromtimestamp(self._wall_clock(), UTC)
        added = [
            keep_user_edits(
                replace(face, enrolled_at=face.enrolled_at or now), known.get(face.face_id), name
            )
            for face, name in zip(faces, names, strict=True)
        ]
        changed = [face for face in added if not is_same(face, known.get(face.face_id))]
        return added, changed

    def _put(
        self,
        collection: Collection,
        faces: Sequence[EnrolledFace],
        crops: Mapping[str, bytes],
        known: Mapping[str, EnrolledFace],
    ) -> None:
        folder = collection.crops_folder
        outdated = {face.face_id for face in faces if is_other_photo(face, known.get(face.face_id))}
        try:
            self._crops.sweep_at_times(folder, collection.gallery_id)
            with self._crops.written(folder, faces, crops, outdated=outdated):
                self._index.put(collection.gallery_id, faces)
        except CollectionNotFound:
            self._leave_erased(collection)
            raise

    def _note_added(self, faces: int) -> None:
        if self._quotas is not None:
            self._quotas.note_added(faces)

    def _leave_erased(self, collection: Collection) -> None:
        """Leave nothing of an erased collection; there may be another one of its id."""
        try:
            now = self._collections.now(collection.collection_id)
        except CollectionNotFound:
            self._index.drop(collection.gallery_id)
            self._crops.erase_all(collection.crops_folder)
            raise
        if now.crops_folder != collection.crops_folder:
            self._crops.erase_all(collection.crops_folder)


def _name_now(log: ErasureLog, face: EnrolledFace, accepted_at: datetime | None) -> str | None:
    return log.name_now(face.person, accepted_at, face_id=face.face_id)


def _with_rejection(
    face: EnrolledFace, name: str | None, log: ErasureLog, accepted_at: datetime | None
) -> EnrolledFace:
    """Return a face as one that is not the person's of that name, if that was said meanwhile."""
    if name is None or not log.rejects(face.face_id, name, accepted_at):
        return face
    return replace(face, rejected=face.rejected | {name})


def _is_erased(log: ErasureLog, job: IndexJob, faces: Iterable[EnrolledFace] = ()) -> bool:
    ids = [face.face_id for face in faces]
    return log.covers(
        person=job.person, face_ids=ids, image_id=job.image_id, accepted_at=job.accepted_at
    )


def _is_photo_erased(log: ErasureLog, photo: ChosenFaces) -> bool:
    return _is_erased(log, photo.job, photo.added.values())


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
        box=face.box,
        quality=face.quality,
    )
