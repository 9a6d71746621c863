"""Use cases of the web tier: submit a photo, wait for its result, ask for its status."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.collections.registry import Collections
from core.errors import JobNotFound, ObjectMissing, ServiceUnavailable
from core.ground.ids import is_job_id
from core.ground.realms import Realm, callback_note
from core.ground.storage_keys import photo_prefix
from core.jobs.recognition_job import (
    COLLECTION_NOTE,
    DEFAULT_COLLECTION,
    MIN_QUALITY_NOTE,
    Job,
    JobDone,
)
from core.jobs.results import JobResult, Results
from core.submission.idempotency import IdempotencyKeys
from core.submission.pending_jobs import PendingJobs, UnknownJobs
from core.submission.photo_intake import Intake
from core.submission.repeats import Repeats
from core.submission.result_polling import PollSchedule

log = logging.getLogger(__name__)

_NAMELESS: Final = "photo"


@dataclass(frozen=True, kw_only=True)
class Waited:
    """What a wait brought: a result or None, and how often S3 was asked."""

    result: JobResult | None
    polls: int


class Uploads:
    """Accepts photos and finds their results.

    Parameters
    ----------
    schedule : PollSchedule
        When S3 is asked; others in the process wait for results too.
    repeats : Repeats or None
        Finds earlier answers; without it each photo is recognised again.
    check_callback : callable
        Refuses an address to which nothing is told.
    realm : Realm
        Whose jobs are found. The others were never issued.
    clock, sleep : callable
        Monotonic seconds, and how to let them pass.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        keys: IdempotencyKeys,
        results: Results,
        collections: Collections,
        schedule: PollSchedule,
        repeats: Repeats | None,
        check_callback: Callable[[str], None],
        realm: Realm,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._intake = intake
        self._keys = keys
        self._results = results
        self._collections = collections
        self._clock = clock
        self._sleep = sleep
        self._schedule = schedule
        self._repeats = repeats
        self._check_callback = check_callback
        self._realm = realm
        self._pending = PendingJobs(clock)
        self._unknown = UnknownJobs(clock)

    def earlier(
        self, photo: bytes, *, collection_id: str, min_quality: float | None
    ) -> JobDone | None:
        """Return the answer that the same photo got lately, if another would be the same.

        Parameters and errors are those of `submit`.
        """
        self._intake.check(photo)
        key = self._repeat_key(photo, collection_id, min_quality)
        job_id = None if key is None or self._repeats is None else self._repeats.job(key)
        result = None if job_id is None else self._results.read(job_id)
        return result if isinstance(result, JobDone) else None

    def submit(
        self,
        photo: bytes,
        filename: str,
        *,
        collection_id: str = DEFAULT_COLLECTION,
        min_quality: float | None = None,
        idempotency_key: str | None = None,
        callback_url: str | None = None,
    ) -> Job:
        """Store a photo and queue its job; either both happen or neither.

        Parameters
        ----------
        photo : bytes
            The file as it was uploaded.
        filename : str
            The client's name for it; any text. Not kept with a key.
        collection_id : str
            Where its people are looked for.
        min_quality : float, optional
            Least quality of a face that is looked for, instead of the service's own.
        idempotency_key : str, optional
            The same key, photo, collection, quality and callback give the same job.
        callback_url : str, optional
            Where to tell of the job's end, beside the tenant's webhooks.

        Raises
        ------
        InvalidPhoto
            If size, header or end of the file show that it is no usable photo.
        CollectionNotFound
            If there is no such collection.
        WebhookUrlRefused, CallbackNotAllowed
            If nothing is told to that address.
        InvalidIdempotencyKey, IdempotencyConflict
            If the key is malformed, or came before with another photo.
        ServiceUnavailable
            If S3 or SQS is away; what was stored has been removed again.
        """
        self._intake.check(photo)
        self._collections.get(collection_id)
        if callback_url is not None:
            self._check_callback(callback_url)
        callback = callback_note(callback_url)
        metadata = {COLLECTION_NOTE: collection_id}
        if min_quality is not None:
            metadata[MIN_QUALITY_NOTE] = str(min_quality)
        if idempotency_key is None:
            job = Job.new(filename)
            key = self._repeat_key(photo, collection_id, min_quality)
            self._hand_over(job, photo, metadata, callback, remove_on_failure=True)
            if key is not None and self._repeats is not None:
                self._repeats.note(key, job.job_id)
            return job
        body = self._keys.submit(
            idempotency_key,
            body=Job.new(_NAMELESS).body,  # the record outlives an erasure
            fingerprint=_fingerprint(metadata | callback, photo),
            hand_over=lambda body: self._hand_over(
                Job.from_body(body), photo, metadata, callback, remove_on_failure=False
            ),
            take_back=lambda body: self._intake.remove(Job.from_body(body).input_key, "photo"),
        )
        return Job.from_body(body)

    def wait(self, job_id: str, seconds: float) -> Waited:
        """Poll for an accepted job's result for at most that long; 0 does not poll at all."""
        deadline_s = self._clock() + seconds
        polls = 0
        self._pending.add(job_id)
        with self._schedule.slot() as slot:
            while (left_s := deadline_s - self._clock()) > 0:
                self._sleep(min(slot.pause_s(), left_s))
                polls += 1
                result = self._read_while_waiting(job_id)
                if result is not None:
                    slot.answered()
                    self._note_ended(job_id)
                    return Waited(result=result, polls=polls)
        return Waited(result=None, polls=polls)

    def status(self, job_id: str, client: str = "") -> JobResult | None:
        """Return a job's result, None while it is pending.

        Parameters
        ----------
        client : str
            Who asks. One that asks before the pause that it was told (`pause_s`) is over gets
            None without a look at S3.

        Raises
        ------
        JobNotFound
            If the id is malformed or was never issued.
        """
        if not is_job_id(job_id):
            raise JobNotFound("a job id is a UUID of version 4, in lower case")
        is_pending = job_id in self._pending
        if not is_pending and job_id in self._unknown:
            raise _not_issued(job_id)
        if is_pending and self._pending.is_early(job_id, client):
            return None
        result = self._results.read(job_id)
        if result is not None:
            if not self._shows(result):
                raise _not_issued(job_id)
            self._note_ended(job_id)
        elif not is_pending:
            if not self._was_accepted(job_id):
                self._unknown.add(job_id)
                raise _not_issued(job_id)
            self._pending.add(job_id)
        return result

    def pause_s(self, job_id: str, client: str = "") -> int:
        """Return after how many seconds a client should ask for a pending job again."""
        return self._pending.pause_s(job_id, client)

    def _repeat_key(
        self, photo: bytes, collection_id: str, min_quality: float | None
    ) -> str | None:
        if self._repeats is None:
            return None
        collection = self._collections.get(collection_id)
        return self._repeats.key(photo, collection, min_quality)

    def _note_ended(self, job_id: str) -> None:
        self._pending.remove(job_id)
        self._intake.jobs.end(job_id)

    def _read_while_waiting(self, job_id: str) -> JobResult | None:
        """Look once; the job is accepted, so S3 being away for a moment must not fail it."""
        try:
            return self._results.read(job_id)
        except ServiceUnavailable as error:
            log.warning("result could not be looked up", extra={"reason": str(error)})
            return None

    def _shows(self, result: JobResult) -> bool:
        if self._realm.is_whole:
            return True
        collection_id = result.collection_id
        if collection_id is None:
            return self._was_accepted(result.job_id)
        return self._realm.shows(collection_id)

    def _was_accepted(self, job_id: str) -> bool:
        """Tell whether there is a photo of the job, and it is in the realm."""
        for key in self._intake.inputs.keys(photo_prefix(job_id), limit=1):
            with suppress(ObjectMissing):  # answered or erased just now
                notes = self._intake.inputs.notes(key).metadata
                collection_id = notes.get(COLLECTION_NOTE, DEFAULT_COLLECTION)
                return self._realm.owns(notes) and self._realm.shows(collection_id)
        return False

    def _hand_over(
        self,
        job: Job,
        photo: bytes,
        metadata: Mapping[str, str],
        callback: Mapping[str, str],
        *,
        remove_on_failure: bool,
    ) -> None:
        self._intake.store_and_enqueue(
            job_id=job.job_id,
            key=job.input_key,
            photo=photo,
            body=job.body,
            metadata=metadata,
            notes=callback,
            remove_on_failure=remove_on_failure,
        )


def _fingerprint(metadata: Mapping[str, str], photo: bytes) -> bytes:
    """Return what two requests with one key must have in common."""
    asked = "/".join(metadata.values())
    return asked.encode() + b"/" + photo


def _not_issued(job_id: str) -> JobNotFound:
    return JobNotFound(f"no job {job_id} was issued")
