"""Gives every job in the dead-letter queue a ``failed`` result.

A job gets there without one when each of its attempts took the whole worker
down, or when nobody could read its message. The messages stay in the queue for
the operator.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import MalformedMessage, ServiceUnavailable
from core.ground.realms import Realm, tenant_noted
from core.host.logs import log_fields
from core.host.tracing import JOB, tracing
from core.jobs.batch_records import note_outcome
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job, JobFailed, failed
from core.jobs.results import JobResult, Results
from core.jobs.webhooks.outbox import Outbox
from core.ports import JobQueue, ObjectStore, ReceivedMessage
from core.worker.job_metrics import count_found, store_and_count
from core.worker.unreadable import REASON, job_id_in, job_in, likely_cause

log = logging.getLogger(__name__)

ABANDONED: Final = "JOB_ABANDONED"
SWEPT: Final = "swept"
"""How a job ended that is counted here."""
_MAX_SWEPT: Final = 500
"""Bounds how long one sweep keeps the worker from stopping."""
_MAX_FAILURES: Final = 3
"""S3 is away; each further try may take ten seconds."""


@dataclass(frozen=True, kw_only=True)
class _DeadJob:
    """A job whose message is dead, and the result that it gets unless it has one."""

    job_id: str
    job: Job | IndexJob | None
    failure: JobFailed
    notes: Mapping[str, str]

    @property
    def realm(self) -> Realm:
        return Realm(tenant_noted(self.notes))


class DeadLetterSweeper:
    """Sweeps the dead-letter queue from time to time.

    Parameters
    ----------
    queue : JobQueue
        The dead-letter queue.
    outputs : ObjectStore
        Where results are, and the marks of batches.
    lane : str
        The lane's name, for metrics.
    interval_s : float
        Time between two sweeps.
    clock : callable
        Monotonic seconds.
    events_of : callable
        Returns where the jobs of a tenant are told of.
    """

    def __init__(
        self,
        queue: JobQueue,
        outputs: ObjectStore,
        *,
        lane: str,
        interval_s: float,
        clock: Callable[[], float],
        events_of: Callable[[str], Outbox],
    ) -> None:
        self._events_of = events_of
        self._queue = queue
        self._outputs = outputs
        self._noted: set[str] = set()
        """Dead jobs whose outcome this sweeper has noted."""
        self._lane = lane
        self._interval_s = interval_s
        self._hidden_s = 60 + 2 * interval_s
        self._clock = clock
        self._due_s = clock()

    def sweep_if_due(self) -> None:
        """Sweep unless the last sweep is younger than the interval."""
        if self._clock() < self._due_s:
            return
        self._due_s = self._clock() + self._interval_s
        try:
            self.sweep()
        except ServiceUnavailable as error:
            log.warning("dead letters were not swept", extra={"reason": str(error)})

    def sweep(self) -> int:
        """Write the missing results; return how many there were.

        Messages are hidden only while the sweep lasts, so that an operator can
        read and redrive them. Where there are more than one sweep can take,
        they stay hidden a little longer, and the next sweep goes on behind them.
        """
        swept: list[ReceivedMessage] = []
        reached_end = False
        while len(swept) < _MAX_SWEPT and not reached_end:
            messages = self._queue.receive(limit=10, wait_s=0, visibility_s=self._hidden_s)
            swept += messages
            reached_end = not messages
        jobs = [job for message in swept if (job := _dead_job(message)) is not None]
        written = self._fail_all(jobs)
        self._noted &= {job.job_id for job in jobs}
        if reached_end:
            self._queue.set_visibility_many(swept, 0)
        return written

    def _fail_all(self, jobs: list[_DeadJob]) -> int:
        """Give jobs their results; one that S3 refuses waits for a later sweep, not the others."""
        written, failures = 0, 0
        for job in jobs:
            try:
                written += self._fail(job)
            except ServiceUnavailable as error:
                failures += 1
                log.warning(
                    "dead letter was not swept",
                    extra={"job_id": job.job_id, "code": error.code, "reason": str(error)},
                )
            if failures == _MAX_FAILURES:
                break
        return written

    def _fail(self, dead: _DeadJob) -> bool:
        """Give a job a ``failed`` result unless it has one; tell whether it was given."""
        results = Results(self._outputs, dead.realm)
        stored = results.read(dead.job_id)
        if stored is not None:
            count_found(self._lane, results, dead.job_id, SWEPT)
            self._note(dead, stored)
            return False
        about = {JOB: dead.job_id}
        with log_fields(job_id=dead.job_id), tracing().entry("sweep", dead.notes, about):
            written = store_and_count(self._lane, results, dead.failure, SWEPT)
            if written:
                log.error("abandoned job was failed", extra={"code": dead.failure.error.code})
                self._note(dead, dead.failure)
        return written

    def _note(self, dead: _DeadJob, result: JobResult) -> None:
        if dead.job_id in self._noted:
            return
        if dead.job is not None:
            note_outcome(self._outputs, dead.job, result)
        batch_id = dead.job.batch_id if isinstance(dead.job, IndexJob) else None
        events = self._events_of(dead.realm.tenant)
        events.job_ended(result, batch_id=batch_id, notes=dead.notes)
        self._noted.add(dead.job_id)


def _dead_job(message: ReceivedMessage) -> _DeadJob | None:
    """Return the job of a dead letter, None if it names none."""
    job = job_in(message.body)
    job_id = job_id_in(message.body) if job is None else job.job_id
    if job_id is None:
        return None
    if job is None or REASON in message.notes:
        reason = message.notes.get(REASON) or likely_cause(message.body)
        failure = failed(job_id, MalformedMessage.code, f"its message could not be read: {reason}")
    else:
        failure = failed(
            job_id,
            ABANDONED,
            "no attempt came to an end; the workers gave up",
            collection_id=job.collection_id,
        )
    return _DeadJob(job_id=job_id, job=job, failure=failure, notes=message.notes)
