"""Forgetting: a face, a person or a collection, with everything that holds them.

Enrolled faces are erased from the index with every trace. The photos that
they came from and the results that name them are removed from the input and
output buckets; photos in a bucket of the caller's own are the caller's. An
audit record without any biometric data or name stays in the gallery bucket.
An erasure that breaks off is finished by asking for it again.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from core.batch_lists import BatchLists
from core.collections import Collection, Collections
from core.errors import CollectionNotFound, PersonNotFound
from core.index_jobs import IndexDone
from core.jobs import Frozen, JobDone, is_job_id
from core.people import People
from core.ports import EnrolledFace, FaceIndex, ObjectStore
from core.results import JobResult, Results

log = logging.getLogger(__name__)

AUDIT_PREFIX: Final = "audit/"
_THREADS: Final = 16
_LAST_JOB_ID: Final = "g"
"""Behind every job id, which is hexadecimal."""


class AuditRecord(Frozen):
    """That something was erased, and how much."""

    erased: Literal["face", "person", "collection"]
    collection_id: str
    faces: int
    jobs: int
    erased_at: datetime


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Erases what is asked for; each method returns what it erased, as audit records say.

    Parameters
    ----------
    inputs, outputs, gallery : ObjectStore
        The buckets.
    settle_s : float
        Time after which no running process names an erased person any more.
    sleep : callable
        How to let that time pass.
    """

    collections: Collections
    people: People
    index: FaceIndex
    inputs: ObjectStore
    outputs: ObjectStore
    gallery: ObjectStore
    settle_s: float
    sleep: Callable[[float], None] = time.sleep

    def face(self, collection_id: str, face_id: str) -> AuditRecord:
        """Erase one face, with the job that enrolled it.

        Raises
        ------
        CollectionNotFound, FaceNotFound
            If there is none.
        """
        face = self.people.face(collection_id, face_id)
        jobs = self._erase_jobs(_jobs_of([face]))
        self.index.erase(self.collections.now(collection_id).gallery_id, [face_id])
        return self._audit("face", collection_id, faces=1, jobs=jobs)

    def person(self, collection_id: str, person: str) -> AuditRecord:
        """Erase all faces of a person, and every result that names them.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none.
        """
        try:
            faces = self.people.faces_of(collection_id, person)
        except PersonNotFound:
            faces = []
            # An erasure that broke off may have told nobody that they are gone.
            self.collections.announce(self.collections.get(collection_id))
        face_ids = {face.face_id for face in faces}

        def holds(result: JobResult) -> bool:
            return _is_of(result, collection_id) and _shows(result, person, face_ids)

        jobs = self._erase_jobs(_jobs_of(faces) | self._jobs_whose_result(holds))
        if not faces and not jobs:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        if faces:
            self.index.erase(self.collections.now(collection_id).gallery_id, sorted(face_ids))
        record = self._audit("person", collection_id, faces=len(faces), jobs=jobs)
        if faces:
            self.sleep(self.settle_s)
            if late := self._erase_jobs(self._jobs_whose_result(holds)):
                self._audit("person", collection_id, faces=0, jobs=late)
                return record.model_copy(update={"jobs": jobs + late})
        return record

    def collection(self, collection_id: str) -> AuditRecord:
        """Erase a collection with all its people, photos and results.

        Raises
        ------
        CollectionNotFound
            If there is none.
        """
        collection = self.collections.close(collection_id)
        self.sleep(self.settle_s)
        faces = self._drop(collection)
        jobs = self._erase_jobs(
            self._jobs_whose_result(lambda result: _is_of(result, collection_id))
        )
        BatchLists(outputs=self.outputs).erase_collection(collection_id)
        record = self._audit("collection", collection_id, faces=faces, jobs=jobs)
        self.collections.forget(collection_id)
        return record

    def _drop(self, collection: Collection) -> int:
        """Remove the gallery; return how many faces it held, 0 if it is gone already."""
        try:
            faces = self.people.count(collection)
        except CollectionNotFound:
            faces = 0
        self.index.drop(collection.gallery_id)
        return faces

    def _jobs_whose_result(self, holds: Callable[[JobResult], bool]) -> set[str]:
        """Read every result; return the jobs of those that hold what is looked for."""
        results = Results(self.outputs)

        def found(job_id: str) -> str | None:
            result = results.read(job_id)
            return job_id if result is not None and holds(result) else None

        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            return {job_id for job_id in threads.map(found, self._job_ids()) if job_id is not None}

    def _job_ids(self) -> Iterator[str]:
        after = ""
        while keys := self.outputs.keys("", after=after):
            yield from (key for key in keys if is_job_id(key))
            after = keys[-1]
            if after >= _LAST_JOB_ID:
                return

    def _erase_jobs(self, job_ids: Set[str]) -> int:
        """Remove what holds the jobs; last the results by which they would be found again."""
        if job_ids:
            BatchLists(outputs=self.outputs).erase_photos(job_ids)
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            return sum(threads.map(self._erase_job, job_ids))

    def _erase_job(self, job_id: str) -> int:
        self.inputs.delete_many(self.inputs.keys(f"{job_id}_"))
        self.outputs.delete(job_id)
        return 1

    def _audit(
        self,
        erased: Literal["face", "person", "collection"],
        collection_id: str,
        *,
        faces: int,
        jobs: int,
    ) -> AuditRecord:
        record = AuditRecord(
            erased=erased,
            collection_id=collection_id,
            faces=faces,
            jobs=jobs,
            erased_at=datetime.now(UTC),
        )
        key = f"{AUDIT_PREFIX}{record.erased_at:%Y-%m-%dT%H-%M-%S}-{uuid.uuid4()}.json"
        self.gallery.put(key, record.model_dump_json().encode(), content_type="application/json")
        log.info(
            "%s was erased",
            erased,
            extra={"collection": collection_id, "faces": faces, "jobs": jobs},
        )
        return record


def _jobs_of(faces: Iterable[EnrolledFace]) -> set[str]:
    return {face.job_id for face in faces if face.job_id is not None}


def _is_of(result: JobResult, collection_id: str) -> bool:
    return isinstance(result, JobDone | IndexDone) and result.collection_id == collection_id


def _shows(result: JobResult, person: str, face_ids: Set[str]) -> bool:
    """Tell whether a result names a person, or holds one of their faces under another name."""
    if isinstance(result, JobDone):
        return any(
            face.name == person or (face.name is not None and face.face_id in face_ids)
            for face in result.faces
        )
    if isinstance(result, IndexDone):
        return result.person == person or any(
            record.person == person or record.face_id in face_ids for record in result.face_records
        )
    return False
