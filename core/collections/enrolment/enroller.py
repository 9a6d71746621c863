"""Faces of a photo into a collection."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from core.access.limits.quotas import Quotas
from core.collections.collection import check_model
from core.collections.enrolment.face_choice import ChosenFaces, left_out, too_poor
from core.collections.enrolment.face_ids import face_id, possible_face_ids
from core.collections.enrolment.face_writer import FaceWriter, name_now
from core.collections.enrolment.same_photo import of_others
from core.collections.erased.erasure_log import ErasureLog
from core.collections.grounds import Grounds
from core.collections.registry import Collections
from core.errors import CollectionNotFound, Erased
from core.faces.results import Face, Model, Recognition
from core.jobs.index_job import IndexDone, IndexJob
from core.ports import EnrolledFace, FaceIndex


class Enroller:
    """Adds the faces of photos to collections; doing it again changes nothing.

    Parameters
    ----------
    min_quality : float
        Faces of a lower quality, 0–100, are not added, unless a job has another bound.
    grounds : Grounds, optional
        Where it is noted when it was looked at what was erased.
    quotas : Quotas, optional
        Those of the tenant, for jobs; nothing else is held to them.
    """

    def __init__(
        self,
        collections: Collections,
        index: FaceIndex,
        writer: FaceWriter,
        *,
        min_quality: float = 0.0,
        grounds: Grounds | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._collections = collections
        self._index = index
        self._writer = writer
        self._min_quality = min_quality
        self._grounds = grounds or Grounds()
        self._quotas = quotas

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
        added = self._writer.write(
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
            replace(face, person=name_now(log, face, photo.job.accepted_at))
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
                self._writer.erase_own(collection, ids, {job.job_id})


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
