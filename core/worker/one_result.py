"""Gives each job its one result: stored and counted once, told to its batch, and copied."""

import logging
from collections.abc import Mapping
from typing import Generic

from core.errors import ServiceUnavailable
from core.jobs.results import JobResult, Results
from core.ports import JobQueue
from core.worker.job_kinds import J, JobKind
from core.worker.job_metrics import count_found, store_and_count
from core.worker.outcomes import Outcome, ending

log = logging.getLogger(__name__)


class OneResult(Generic[J]):
    """Where the results of the jobs of one kind go; safe to call from several threads.

    Parameters
    ----------
    kind : JobKind
    results : Results
    responses : JobQueue or None
        Where copies of results go.
    """

    def __init__(self, *, kind: JobKind[J], results: Results, responses: JobQueue | None) -> None:
        self._kind = kind
        self._results = results
        self._responses = responses

    def find(self, job: J) -> JobResult | None:
        """Return the result that a job has, None if it has none."""
        return self._results.read(job.job_id)

    def is_storage_there(self, job: J) -> bool:
        """Tell whether S3 answers about a bucket of ours, so that others may be answered."""
        try:
            self._results.read(job.job_id)
        except ServiceUnavailable:
            return False
        return True

    def store(
        self, job: J, result: JobResult, outcome: Outcome, notes: Mapping[str, str]
    ) -> Outcome:
        """Store a result and count it as that outcome, unless the job has one; return how it ended.

        Counted before all else: from then on the message may be deleted, and not come again.
        """
        first = result
        if not store_and_count(self._kind.lane, self._results, result, outcome.value):
            # The batch counts the result that stays, which another worker may have written.
            first = self._results.read(job.job_id) or result
            outcome = self._count_found(job, first)
        self._kind.note_outcome(job, first, notes)
        return outcome

    def finish(self, job: J, stored: JobResult, notes: Mapping[str, str]) -> Outcome:
        """Finish what was left undone of a job that has its result; return how it ended."""
        outcome = self._count_found(job, stored)
        self._kind.note_outcome(job, stored, notes)
        return outcome

    def copy(self, result: JobResult) -> None:
        """Copy the result to the response queue, which nobody may depend on."""
        if self._responses is None:
            return
        try:
            self._responses.send(result.model_dump_json(), notes=self._results.realm.notes)
        except ServiceUnavailable as error:
            log.warning("response was not copied", extra={"reason": str(error)})

    def _count_found(self, job: J, stored: JobResult) -> Outcome:
        """Count a result that was there already, unless whoever stored it did; return how it ended.

        That one may have been killed in between, or have been this one: S3 had stored it, and the
        answer was lost.
        """
        outcome = ending(stored)
        is_counted = count_found(self._kind.lane, self._results, job.job_id, outcome.value)
        return outcome if is_counted else Outcome.DUPLICATE
