"""What may become of the jobs whose messages are dead letters, at an operator's word."""

from collections.abc import Callable
from typing import Final

from core.errors import MalformedMessage
from core.ground.realms import Realm, tenant_noted
from core.ground.storage_keys import batch_mark_key
from core.jobs.batch_records import note_outcome
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import JobFailed, failed
from core.jobs.results import Results
from core.jobs.webhooks.outbox import Outbox
from core.ports import ObjectStore, ReceivedMessage
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.unreadable import job_id_in, job_in

_GIVEN_BY_SWEEPS: Final = {ABANDONED, MalformedMessage.code}


class DeadJobs:
    """The jobs that dead letters speak of, and their results.

    Parameters
    ----------
    outputs : ObjectStore
        Where results are, and the marks of batches.
    events_of : callable
        Returns where the jobs of a tenant are told of.
    """

    def __init__(self, outputs: ObjectStore, events_of: Callable[[str], Outbox]) -> None:
        self._outputs = outputs
        self._events_of = events_of

    def code(self, letter: ReceivedMessage) -> str:
        """Return the code of a job's failure, or what else there is to say of its result."""
        job_id = _job_id(letter.body)
        if job_id is None:
            return "malformed"
        stored = self._results_of(letter).read(job_id)
        if isinstance(stored, JobFailed):
            return stored.error.code
        return "no result yet" if stored is None else "done"

    def reset_result(self, letter: ReceivedMessage) -> None:
        """Remove a job's ``failed`` result, and its mark in a batch, so that it can have another.

        A result that is not ``failed`` stays: the job has its answer.
        """
        job, job_id = job_in(letter.body), _job_id(letter.body)
        if job_id is None or not isinstance(self._results_of(letter).read(job_id), JobFailed):
            return
        if isinstance(job, IndexJob) and job.batch_id is not None:
            self._outputs.delete(batch_mark_key(job.batch_id, job.position, "failed"))
        self._outputs.delete(job_id)

    def give_up(self, letter: ReceivedMessage) -> None:
        """Give a job a ``failed`` result, unless it has a result, so that its message can go."""
        job, job_id = job_in(letter.body), _job_id(letter.body)
        if job_id is None:
            return
        results = self._results_of(letter)
        collection_id = None if job is None else job.collection_id
        purged = "its message was purged"
        results.write(failed(job_id, ABANDONED, purged, collection_id=collection_id))
        stored = results.read(job_id)
        if job is not None and stored is not None:
            note_outcome(self._outputs, job, stored)
            batch_id = job.batch_id if isinstance(job, IndexJob) else None
            events = self._events_of(tenant_noted(letter.notes))
            events.job_ended(stored, batch_id=batch_id, notes=letter.notes)

    def was_swept(self, letter: ReceivedMessage) -> bool:
        """Tell whether a job's result is one that a worker's sweep gives."""
        job_id = _job_id(letter.body)
        stored = None if job_id is None else self._results_of(letter).read(job_id)
        return isinstance(stored, JobFailed) and stored.error.code in _GIVEN_BY_SWEEPS

    def _results_of(self, letter: ReceivedMessage) -> Results:
        return Results(self._outputs, Realm(tenant_noted(letter.notes)))


def _job_id(body: str) -> str | None:
    """Return the id of the job that a body speaks of, even if the job can't be read."""
    job = job_in(body)
    return job.job_id if job else job_id_in(body)
