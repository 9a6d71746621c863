"""Results in the output bucket, under the job's id; the first writer wins."""

from core.errors import ObjectMissing
from core.jobs import Job, JobDone, JobFailed, parse_result
from core.ports import ObjectStore


class Results:
    """Reads and writes the results of jobs."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def write(self, job: Job, result: JobDone | JobFailed) -> bool:
        """Store a result unless there is one; tell whether it was stored."""
        return self._store.put_if(
            job.output_key,
            result.model_dump_json().encode(),
            content_type="application/json",
            version=None,
        )

    def read(self, job_id: str) -> JobDone | JobFailed | None:
        """Return the result of a job, None while there is none."""
        try:
            return parse_result(self._store.get(job_id).body)
        except ObjectMissing:
            return None
