"""Results that name no one who was erased or renamed before they were stored.

An erasure reads all results again after a pause in which every process learns what is gone, so
it finds the results that were stored in time. A renaming and a rejection are answered after such
a pause too. A worker that was stopped in between, or whose write took long, may store its result
later. It then checks its own result again before it deletes the message. A result that is stored
in time costs no further request.
"""

from core.collections.grounds import Grounds
from core.collections.registry import Collections
from core.errors import CollectionNotFound, ErasedMeanwhile
from core.ground.realms import Realm
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone
from core.jobs.results import JobResult, Results
from core.ports import FaceIndex, ObjectStore


class FreshResults(Results):
    """Results of a worker, which checks late ones against the people who are enrolled."""

    def __init__(
        self,
        store: ObjectStore,
        collections: Collections,
        index: FaceIndex,
        grounds: Grounds,
        realm: Realm,
    ) -> None:
        super().__init__(store, realm)
        self._collections = collections
        self._index = index
        self._grounds = grounds

    def write(self, result: JobResult, *, writer: str = "") -> bool:
        """Store a result unless there is one; tell whether it was stored.

        Parameters
        ----------
        writer : str
            As of `Results.write`.

        Raises
        ------
        ErasedMeanwhile
            If it names someone who was erased or renamed; the result is not stored then.
        """
        self._check(result)
        written = super().write(result, writer=writer)
        if written:
            self._check_stored(result)
        return written

    def read(self, job_id: str) -> JobResult | None:
        """Return the result of a job that came again, None while there is none.

        Raises
        ------
        ErasedMeanwhile
            If it names someone who was erased or renamed; the result is deleted then.
        """
        result = super().read(job_id)
        if result is not None:
            self._check_stored(result)
        return result

    def _check_stored(self, result: JobResult) -> None:
        try:
            self._check(result)
        except ErasedMeanwhile:
            self._store.delete(result.job_id)
            raise

    def _check(self, result: JobResult) -> None:
        if self._grounds.are_fresh(result.job_id):
            return
        looked_s = self._grounds.clock()
        if not self._holds(result):
            raise ErasedMeanwhile(f"job {result.job_id} names someone who is no longer enrolled so")
        self._grounds.note(result.job_id, looked_s)

    def _holds(self, result: JobResult) -> bool:
        """Tell whether all people that a result names are still enrolled under these names."""
        person, names = _named(result)
        if result.collection_id is None or (person is None and not names):
            return True
        try:
            collection = self._collections.now(result.collection_id)
        except CollectionNotFound:
            return False
        if self._collections.erased(collection).covers(person=person, accepted_at=None):
            return False
        if not names:
            return True
        found = self._index.get(collection.gallery_id, sorted(names))
        names_now = {face.face_id: face.person for face in found}
        return all(
            face_id in names_now and name in (None, names_now[face_id])
            for face_id, name in names.items()
        )


def _named(result: JobResult) -> tuple[str | None, dict[str, str | None]]:
    """Return whose photo a result says that it is, and whose the faces are that it tells of."""
    if isinstance(result, JobDone):
        people = (pair for face in result.faces for pair in face.people)
        return None, {face_id: name for name, face_id in people if face_id is not None}
    if isinstance(result, IndexDone):
        return result.person, {record.face_id: record.person for record in result.face_records}
    return None, {}
