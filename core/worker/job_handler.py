"""What becomes of one message: how its handling ends, and the verb that settles its delivery.

=====================================  ==========================  ============================
what happened                          result in S3                delivery
=====================================  ==========================  ============================
recognised (also no face, nobody       ``done``, written first     ``acknowledge`` after the
known), or its faces enrolled                                      write
body is no job of the queue            none yet; a sweep of the    ``dead_letter`` with the
                                       dead letters gives it       reason
input missing, photo undecodable or    ``failed``, no retry        ``acknowledge`` after the
too large, no such collection or                                   write
bucket, or what it holds was erased
after it was accepted
child over its deadline, or died, or   none yet                    ``retry`` after a growing
met a bug; people enrolled with                                    pause with jitter
another model than the worker's
the same on the last allowed receive   ``failed``                  ``give_up``: SQS moves it to
                                                                   the dead-letter queue
S3, SQS or the index refuses or is     none                        none: kept hidden; tried
down                                                               again by the same worker
a bucket of the caller's refuses the   none                        the same, and other jobs go
photo, while S3 answers otherwise                                  on
the same job alone is refused for      none                        ``retry`` after a growing
five minutes, others are answered;                                 pause
or over 20 such jobs are in hand
the same for an hour on the last       ``failed``                  ``give_up``
allowed receive
worker killed                          none                        none: comes back after the
                                                                   visibility timeout
delivered twice                        the first one stays         ``acknowledge``
worker is shutting down                none                        ``release``: visible at
                                                                   once; on the last allowed
                                                                   receive, if the job was not
                                                                   tried to the end, a copy
                                                                   instead
=====================================  ==========================  ============================

A message that could not be deleted is delivered twice.
"""

import logging
import random
import threading
import time
from typing import Final, Generic

from core.errors import (
    BucketNotAllowed,
    BucketNotFound,
    CollectionNotFound,
    Erased,
    FaceServiceError,
    InvalidPhoto,
    MalformedMessage,
    ModelMismatch,
    ObjectMissing,
    RecognitionFailed,
    ServiceUnavailable,
    SourceUnavailable,
)
from core.host.metrics import metrics
from core.jobs.recognition_job import failed
from core.jobs.results import JobResult, Results
from core.ports import JobQueue
from core.worker.delivery import Delivery
from core.worker.job_kinds import J, JobKind
from core.worker.job_metrics import count_outcome
from core.worker.one_result import OneResult
from core.worker.outcomes import WITH_RESULT, Outcome, ending
from core.worker.unreadable import UnreadableMessages, job_id_in, likely_cause

log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
_FINAL: Final = (
    BucketNotAllowed,
    BucketNotFound,
    CollectionNotFound,
    Erased,
    InvalidPhoto,
    ObjectMissing,
)
"""What no further attempt can change."""

ALONE_REFUSED: Final = "JOB_LEFT_ALONE"
"""Code of a job that was refused what others got, until it was given up."""
_LEFT_ALONE_BACKOFF_S: Final = 300.0


def retry_delay_s(receive_count: int, *, base_s: float, jitter: float) -> float:
    """Return the pause before a job's next attempt: doubling, with jitter.

    Parameters
    ----------
    receive_count : int
        Attempts so far, 1 or more.
    base_s : float
        Pause after the first attempt.
    jitter : float
        From 0 to 1; the pause is between half of the full one and all of it.
    """
    full_s = min(MAX_BACKOFF_S, base_s * 2.0 ** min(receive_count - 1, 30))
    return full_s * (0.5 + 0.5 * jitter)


class JobHandler(Generic[J]):
    """Handles one message at a time; safe to call from several threads.

    Parameters
    ----------
    kind : JobKind
        What its messages are.
    results : Results
    responses : JobQueue or None
        Where copies of results go.
    backoff_s : float
        Pause before the second attempt.
    unreadable : UnreadableMessages
        Where messages are counted that are no jobs, those of other handlers too.
    releasing : Event
        Set once jobs whose child was stopped are to go back to the queue at once.
    """

    def __init__(
        self,
        *,
        kind: JobKind[J],
        results: Results,
        responses: JobQueue | None,
        backoff_s: float,
        unreadable: UnreadableMessages,
        releasing: threading.Event,
    ) -> None:
        self._kind = kind
        self._one = OneResult(kind=kind, results=results, responses=responses)
        self._unreadable = unreadable
        self._backoff_s = backoff_s
        self._releasing = releasing

    def release_unfinished(self) -> None:
        """From now on a job whose child was stopped goes back to the queue at once."""
        self._releasing.set()

    def handle(self, delivery: Delivery, *, again: bool = False, give_up: bool = False) -> Outcome:
        """Bring a job one step on, as the table above says.

        Parameters
        ----------
        again : bool
            Whether this worker has tried it before, since it was received.
        give_up : bool
            Whether the worker keeps it no longer if it can't be answered now either.
        """
        outcome = self._outcome(delivery, again=again, give_up=give_up)
        if outcome not in WITH_RESULT:
            count_outcome(self._kind.lane, outcome.value)
        return outcome

    def _outcome(self, delivery: Delivery, *, again: bool, give_up: bool) -> Outcome:
        try:
            job = self._kind.parse(delivery.message)
        except MalformedMessage:
            return self._discard(delivery, give_up=give_up)
        self._unreadable.note_job()
        return self._handle(job, delivery, again=again, give_up=give_up)

    def _discard(self, delivery: Delivery, *, give_up: bool) -> Outcome:
        """Make a message that is no job a dead letter; one that can't be copied SQS moves later."""
        cause = likely_cause(delivery.body)
        try:
            if give_up:
                delivery.retry(after_s=0)
                return Outcome.RETRIED
            delivery.dead_letter(cause)
        except ServiceUnavailable as error:
            log.warning(
                "unreadable message was left alone",
                extra={"code": error.code, "reason": str(error)},
            )
            return Outcome.LEFT_ALONE
        self._unreadable.note(cause)
        log.error(
            "message that is no job was dead-lettered",
            extra={
                "code": MalformedMessage.code,
                "likely_cause": cause,
                "job_id": job_id_in(delivery.body),
                "total": self._unreadable.total,
            },
        )
        return Outcome.DISCARDED

    def _handle(self, job: J, delivery: Delivery, *, again: bool, give_up: bool) -> Outcome:
        started_s = time.perf_counter()
        try:
            outcome = self._attempt(job, delivery, again=again, give_up=give_up)
        except ServiceUnavailable as error:
            log.warning("job was left alone", extra={"code": error.code, "reason": str(error)})
            metrics().errors.labels(error.code).inc()
            only_its_own = isinstance(error, SourceUnavailable) and self._one.is_storage_there(job)
            return Outcome.REFUSED if only_its_own else Outcome.LEFT_ALONE
        log.info(
            "job was handled",
            extra={
                "queue": self._kind.lane,
                "outcome": outcome.value,
                "receive_count": delivery.receive_count,
                "ms": round((time.perf_counter() - started_s) * 1000),
            },
        )
        return outcome

    def _attempt(self, job: J, delivery: Delivery, *, again: bool, give_up: bool) -> Outcome:
        try:
            # At the first attempt there can hardly be a result, and looking costs a request.
            may_have_result = again or delivery.receive_count > 1
            if may_have_result and (stored := self._one.find(job)) is not None:
                outcome = self._one.finish(job, stored, delivery.message.notes)
                delivery.acknowledge()
                return outcome
            return self._finish(job, delivery, self._result(job))
        except (ModelMismatch, RecognitionFailed) as error:
            return self._try_again(job, delivery, error.code, str(error))
        except ServiceUnavailable as error:
            if not give_up:
                raise
            reason = f"others are answered, this job is not: {error}"
            return self._try_again(
                job, delivery, ALONE_REFUSED, reason, backoff_s=_LEFT_ALONE_BACKOFF_S
            )
        except Exception as error:
            log.exception("job met an unexpected error")
            reason = f"unexpected {type(error).__name__}"
            return self._try_again(job, delivery, FaceServiceError.code, reason)

    def _result(self, job: J) -> JobResult:
        try:
            return self._kind.answer(job)
        except _FINAL as error:
            log.info("job failed", extra={"code": error.code})
            metrics().errors.labels(error.code).inc()
            return failed(job.job_id, error.code, str(error), collection_id=job.collection_id)

    def _finish(self, job: J, delivery: Delivery, result: JobResult) -> Outcome:
        outcome = self._one.store(job, result, ending(result), delivery.message.notes)
        delivery.acknowledge()
        if outcome is not Outcome.DUPLICATE:
            self._one.copy(result)
        return outcome

    def _try_again(
        self,
        job: J,
        delivery: Delivery,
        code: str,
        reason: str,
        *,
        backoff_s: float | None = None,
    ) -> Outcome:
        if self._releasing.is_set():
            delivery.release()
            return Outcome.RELEASED
        log.warning("attempt failed", extra={"code": code, "reason": reason})
        metrics().errors.labels(code).inc()
        if delivery.is_last_receive:
            attempts = f"{reason}; given up after {delivery.receive_count} attempts"
            result = failed(job.job_id, code, attempts, collection_id=job.collection_id)
            notes = delivery.message.notes
            outcome = self._one.store(job, result, Outcome.DEAD_LETTERED, notes)
            if outcome is Outcome.DEAD_LETTERED:
                delivery.give_up()
            else:
                delivery.acknowledge()  # it has its answer
            return outcome
        delay_s = retry_delay_s(
            delivery.receive_count,
            base_s=self._backoff_s if backoff_s is None else backoff_s,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        )
        delivery.retry(after_s=delay_s)
        return Outcome.RETRIED
