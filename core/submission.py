"""Use cases of the web tier: submit a photo, wait for its result, ask for its status."""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from core.errors import (
    FileTooLarge,
    IdempotencyConflict,
    InvalidIdempotencyKey,
    JobNotFound,
    ObjectMissing,
    ServiceUnavailable,
    StorageUnavailable,
)
from core.faces.photo_header import inspect_photo
from core.jobs import Job, JobDone, JobFailed, is_job_id
from core.logs import log_fields
from core.ports import JobQueue, ObjectStore
from core.results import Results

log = logging.getLogger(__name__)

_FIRST_POLL_S: Final = 0.05
_POLL_GROWTH: Final = 1.4
_SLOWEST_POLL_S: Final = 1.0
_JSON: Final = "application/json"
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")


class _IdempotencyRecord(BaseModel):
    """What came under an Idempotency-Key; ``queued`` once its message was sent."""

    body: str
    photo_sha256: str
    queued: bool = False


@dataclass(frozen=True, kw_only=True)
class Waited:
    """What a wait brought: a result or None, and how often S3 was asked."""

    result: JobDone | JobFailed | None
    polls: int


def poll_pauses_s() -> Iterator[float]:
    """Yield the pauses between two looks at S3: fast at first, then every second."""
    pause_s = _FIRST_POLL_S
    while True:
        yield pause_s
        pause_s = min(_SLOWEST_POLL_S, pause_s * _POLL_GROWTH)


class Submission:
    """Accepts photos and finds their results.

    Parameters
    ----------
    clock, sleep : callable
        Monotonic seconds, and how to let them pass.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        inputs: ObjectStore,
        results: Results,
        max_file_bytes: int,
        max_pixels: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._queue = queue
        self._inputs = inputs
        self._results = results
        self._max_file_bytes = max_file_bytes
        self._max_pixels = max_pixels
        self._clock = clock
        self._sleep = sleep

    def submit(self, photo: bytes, filename: str, *, idempotency_key: str | None = None) -> Job:
        """Store a photo and queue its job; either both happen or neither.

        Parameters
        ----------
        photo : bytes
            The file as it was uploaded.
        filename : str
            The client's name for it; any text.
        idempotency_key : str, optional
            The same key and photo give the same job.

        Raises
        ------
        InvalidPhoto
            If size, header or end of the file show that it is no usable photo.
        InvalidIdempotencyKey, IdempotencyConflict
            If the key is malformed, or came before with another photo.
        ServiceUnavailable
            If S3 or SQS is away; what was stored has been removed again.
        """
        if len(photo) > self._max_file_bytes:
            raise FileTooLarge(f"{len(photo)} bytes; at most {self._max_file_bytes} are accepted")
        inspect_photo(photo, max_pixels=self._max_pixels)
        job = Job.new(filename)
        if idempotency_key is None:
            self._hand_over(job, photo)
            return job
        return self._submit_once(job, photo, idempotency_key)

    def wait(self, job_id: str, seconds: float) -> Waited:
        """Poll for a result for at most that long; 0 does not poll at all."""
        deadline_s = self._clock() + seconds
        polls = 0
        for pause_s in poll_pauses_s():
            left_s = deadline_s - self._clock()
            if left_s <= 0:
                break
            self._sleep(min(pause_s, left_s))
            polls += 1
            result = self._read_while_waiting(job_id)
            if result is not None:
                return Waited(result=result, polls=polls)
        return Waited(result=None, polls=polls)

    def status(self, job_id: str) -> JobDone | JobFailed | None:
        """Return a job's result, None while it is pending.

        Raises
        ------
        JobNotFound
            If the id is malformed or was never issued.
        """
        if not is_job_id(job_id):
            raise JobNotFound("a job id is a UUID of version 4, in lower case")
        result = self._results.read(job_id)
        if result is None and not self._was_accepted(job_id):
            raise JobNotFound(f"no job {job_id} was issued")
        return result

    def _read_while_waiting(self, job_id: str) -> JobDone | JobFailed | None:
        """Look once; the job is accepted, so S3 being away for a moment must not fail it."""
        try:
            return self._results.read(job_id)
        except ServiceUnavailable as error:
            log.warning("result could not be looked up", extra={"reason": str(error)})
            return None

    def _was_accepted(self, job_id: str) -> bool:
        return self._inputs.has_prefix(f"{job_id}_")

    def _submit_once(self, job: Job, photo: bytes, idempotency_key: str) -> Job:
        if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
            raise InvalidIdempotencyKey("an Idempotency-Key is 1 to 255 printable ASCII characters")
        key = f"idempotency/{hashlib.sha256(idempotency_key.encode()).hexdigest()}"
        digest = hashlib.sha256(photo).hexdigest()
        record = _IdempotencyRecord(body=job.body, photo_sha256=digest)
        first = self._inputs.put_if(key, _encoded(record), content_type=_JSON, version=None)
        if not first:
            record = self._read_record(key)
            if record.photo_sha256 != digest:
                raise IdempotencyConflict("this Idempotency-Key came before with another photo")
            job = Job.from_body(record.body)
            if record.queued:
                return job
        # A second comer sends the same job again, which does no harm: the first
        # may have died, and the first result wins.
        try:
            self._hand_over(job, photo, keep_on_failure=not first)
        except ServiceUnavailable:
            if first:
                self._remove(key, "idempotency record")
            raise
        self._note_queued(key, record)
        return job

    def _note_queued(self, key: str, record: _IdempotencyRecord) -> None:
        """Spare later comers the second sending; the job is accepted even if this fails."""
        queued = record.model_copy(update={"queued": True})
        try:
            self._inputs.put(key, _encoded(queued), content_type=_JSON)
        except ServiceUnavailable as error:
            log.warning("idempotency record was not updated", extra={"reason": str(error)})

    def _read_record(self, key: str) -> _IdempotencyRecord:
        try:
            return _IdempotencyRecord.model_validate_json(self._inputs.get(key).body)
        except ObjectMissing as error:
            raise StorageUnavailable("a request with the same key was just undone") from error

    def _hand_over(self, job: Job, photo: bytes, *, keep_on_failure: bool = False) -> None:
        with log_fields(job_id=job.job_id):
            try:
                self._inputs.put(job.input_key, photo, content_type="application/octet-stream")
                self._queue.send(job.body)
            except ServiceUnavailable:
                if not keep_on_failure:
                    self._remove(job.input_key, "photo")
                raise
            log.info("job was accepted", extra={"bytes": len(photo)})

    def _remove(self, key: str, what: str) -> None:
        """Take back what was stored; name it in the log when that fails too."""
        try:
            self._inputs.delete(key)
        except ServiceUnavailable as error:
            log.error(  # noqa: TRY400 - the reason says it all
                "orphan was left in the input bucket", extra={"what": what, "reason": str(error)}
            )


def _encoded(record: _IdempotencyRecord) -> bytes:
    return record.model_dump_json().encode()
