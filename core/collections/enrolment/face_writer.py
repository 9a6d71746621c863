"""Writes faces into a collection, whatever is erased from it meanwhile."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.access.limits.quotas import Quotas
from core.collections.collection import Collection
from core.collections.crops import Crops, Meant
from core.collections.enrolment.known_faces import is_other_photo, is_same, keep_user_edits
from core.collections.erased.erasure_log import ErasureLog
from core.collections.grounds import Grounds
from core.collections.registry import Collections
from core.errors import CollectionNotFound
from core.faces.results import Model
from core.ports import EnrolledFace, FaceIndex


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


class FaceWriter:
    """Stores faces in collections; doing it again changes nothing.

    What was erased after it was accepted is not stored again. An erasure leaves its record
    before it looks for faces, and faces are stored before the records are looked at once more:
    so either the erasure finds the faces, or they are taken away again here.

    Parameters
    ----------
    grounds : Grounds, optional
        Whose clock tells when it was looked at what was erased.
    quotas : Quotas, optional
        Where faces that are new are counted.
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
        grounds: Grounds | None = None,
        quotas: Quotas | None = None,
        crops: Crops,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._collections = collections
        self._index = index
        self._grounds = grounds or Grounds()
        self._quotas = quotas
        self._crops = crops
        self._wall_clock = wall_clock

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
        return self.write(
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

    def write(
        self,
        collection_id: str,
        faces: Sequence[EnrolledFace],
        *,
        model: Model,
        refused: Callable[[ErasureLog], set[str]],
        accepted: Mapping[str | None, datetime | None],
        crops: Mapping[str, bytes],
    ) -> Added:
        """Store faces of several jobs, which were accepted each at its time; see `add`.

        Parameters
        ----------
        refused : callable
            Returns the ids of those faces that the newest log refuses.
        accepted : mapping of str to datetime
            When each of their jobs was accepted.
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
                self.erase_own(collection, sorted(put & gone), jobs)
            if not kept:
                return Added(faces=[], changed=0, erased=log, looked_s=looked_s)
            names = [name_now(log, face, accepted[face.job_id]) for face in kept]
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

    def erase_own(
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


def name_now(log: ErasureLog, face: EnrolledFace, accepted_at: datetime | None) -> str | None:
    """Return the person of a face under the name that they have by now."""
    return log.name_now(face.person, accepted_at, face_id=face.face_id)


def _with_rejection(
    face: EnrolledFace, name: str | None, log: ErasureLog, accepted_at: datetime | None
) -> EnrolledFace:
    """Return a face as one that is not the person's of that name, if that was said meanwhile."""
    if name is None or not log.rejects(face.face_id, name, accepted_at):
        return face
    return replace(face, rejected=face.rejected | {name})
