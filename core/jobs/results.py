"""Results in the output bucket, under the job's id; the first writer wins.

A tenant is noted with its results, and sees no other's.
"""

from typing import Annotated, Any, Final

from pydantic import Discriminator, Tag, TypeAdapter

from core.errors import ObjectMissing
from core.ground.realms import WHOLE, Realm
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone, JobFailed
from core.ports import ObjectStore

JobResult = JobDone | IndexDone | JobFailed

_WRITER: Final = "writer"
"""Metadata of a result: the process that stored it."""


def _tag(stored: Any) -> str:
    if stored.get("status") == "failed":
        return "failed"
    return "index" if stored.get("kind") == "index" else "recognition"


_RESULT: Final[TypeAdapter[JobResult]] = TypeAdapter(
    Annotated[
        Annotated[JobDone, Tag("recognition")]
        | Annotated[IndexDone, Tag("index")]
        | Annotated[JobFailed, Tag("failed")],
        Discriminator(_tag),
    ]
)


class Results:
    """Reads and writes the results of a realm's jobs."""

    def __init__(self, store: ObjectStore, realm: Realm = WHOLE) -> None:
        self._store = store
        self.realm = realm

    def write(self, result: JobResult, *, writer: str = "") -> bool:
        """Store a result unless there is one; tell whether it was stored.

        Parameters
        ----------
        writer : str
            Name of the process that stores it, if it is to be known later.
        """
        return self._store.put_if(
            result.job_id,
            result.model_dump_json().encode(),
            content_type="application/json",
            version=None,
            metadata=self.realm.notes | ({_WRITER: writer} if writer else {}),
        )

    def writer(self, job_id: str) -> str:
        """Return the process that stored a job's result; empty if it is not known."""
        try:
            return self._store.notes(job_id).metadata.get(_WRITER, "")
        except ObjectMissing:
            return ""

    def read(self, job_id: str) -> JobResult | None:
        """Return the result of a job, None while there is none."""
        found = self.read_version(job_id)
        return None if found is None else found[0]

    def read_version(self, job_id: str) -> tuple[JobResult | None, str] | None:
        """Return the result of a job and the version of its object, None while there is none.

        Another tenant's result is None with its version.
        """
        try:
            stored = self._store.get(job_id)
        except ObjectMissing:
            return None
        if not self.realm.owns(stored.metadata):
            return None, stored.version
        return _RESULT.validate_json(stored.body), stored.version
