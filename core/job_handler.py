"""What becomes of one message.

=====================================  ==========================  ============================
what happened                          result in S3                message
=====================================  ==========================  ============================
recognised (also no face, nobody       ``done``, written first     deleted after the write
known)
body is malformed                      none possible; logged       deleted
input missing, photo undecodable or    ``failed``, no retry        deleted after the write
too large, wrong model, bad gallery
child over its deadline, or died, or   none yet                    visible again after a growing
met a bug                                                          pause with jitter
the same on the last allowed receive   ``failed``                  visible at once: SQS moves it
                                                                   to the dead-letter queue
S3 or SQS is down                      none                        left alone: comes back
worker killed                          none                        comes back after the
                                                                   visibility timeout
delivered twice                        the first one stays         deleted
worker is shutting down                none                        visible at once
=====================================  ==========================  ============================
"""

import enum
import logging
import random
import threading
from typing import Final

from core.errors import (
    FaceServiceError,
    FileTooLarge,
    GalleryCorrupt,
    InvalidPhoto,
    MalformedMessage,
    ModelMismatch,
    ObjectMissing,
    RecognitionFailed,
    ServiceUnavailable,
)
from core.jobs import Job, JobDone, JobFailed, failed
from core.naming import FaceNamer
from core.ports import JobQueue, ObjectStore, ReceivedMessage, Recognizer
from core.results import Results
from core.visibility import VisibilityHeartbeat

log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0


class Outcome(enum.Enum):
    """How the handling of a message ended."""

    DONE = "done"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"
    RETRIED = "retried"
    DEAD_LETTERED = "dead-lettered"
    RELEASED = "released"
    LEFT_ALONE = "left alone"


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


class JobHandler:
    """Handles one message at a time; safe to call from several threads."""

    def __init__(
        self,
        *,
        queue: JobQueue,
        inputs: ObjectStore,
        results: Results,
        heartbeat: VisibilityHeartbeat,
        recognizer: Recognizer,
        namer: FaceNamer,
        responses: JobQueue | None,
        max_receive_count: int,
        max_file_bytes: int,
        backoff_s: float,
    ) -> None:
        self._queue = queue
        self._inputs = inputs
        self._results = results
        self._heartbeat = heartbeat
        self._recognizer = recognizer
        self._namer = namer
        self._responses = responses
        self._max_receive_count = max_receive_count
        self._max_file_bytes = max_file_bytes
        self._backoff_s = backoff_s
        self._releasing = threading.Event()

    def release_unfinished(self) -> None:
        """From now on a job whose child was stopped goes back to the queue at once."""
        self._releasing.set()

    def handle(self, job: Job, message: ReceivedMessage) -> Outcome:
        """Bring a job one step on, as the table above says."""
        try:
            outcome = self._attempt(job, message)
        except ServiceUnavailable as error:
            log.warning("job was left alone", extra={"code": error.code, "reason": str(error)})
            return Outcome.LEFT_ALONE
        log.info(
            "job was handled",
            extra={"outcome": outcome.value, "receive_count": message.receive_count},
        )
        return outcome

    def discard(self, message: ReceivedMessage, error: MalformedMessage) -> Outcome:
        """Delete a message that is no job."""
        log.error("malformed message was discarded", extra={"reason": str(error)})
        try:
            self._queue.delete(message)
        except ServiceUnavailable as unavailable:
            log.warning("message was left alone", extra={"reason": str(unavailable)})
            return Outcome.LEFT_ALONE
        return Outcome.DISCARDED

    def _attempt(self, job: Job, message: ReceivedMessage) -> Outcome:
        if message.receive_count > 1 and self._results.read(job.job_id) is not None:
            self._queue.delete(message)
            return Outcome.DUPLICATE
        try:
            with self._heartbeat.covering(message):
                done = self._recognise(job)
            return self._finish(job, message, done)
        except (ObjectMissing, InvalidPhoto, ModelMismatch, GalleryCorrupt) as error:
            return self._finish(job, message, failed(job, error.code, str(error)))
        except RecognitionFailed as error:
            return self._try_again(job, message, error.code, str(error))
        except ServiceUnavailable:
            raise
        except Exception as error:
            log.exception("job met an unexpected error")
            reason = f"unexpected {type(error).__name__}"
            return self._try_again(job, message, FaceServiceError.code, reason)

    def _recognise(self, job: Job) -> JobDone:
        photo = self._inputs.get(job.input_key).body
        if len(photo) > self._max_file_bytes:
            raise FileTooLarge(f"{len(photo)} bytes; at most {self._max_file_bytes} are accepted")
        return self._namer.name(job.job_id, self._recognizer.recognise(photo))

    def _finish(self, job: Job, message: ReceivedMessage, result: JobDone | JobFailed) -> Outcome:
        written = self._results.write(job, result)
        self._queue.delete(message)
        if not written:
            return Outcome.DUPLICATE
        self._respond(result)
        return Outcome.DONE if isinstance(result, JobDone) else Outcome.FAILED

    def _try_again(self, job: Job, message: ReceivedMessage, code: str, reason: str) -> Outcome:
        if self._releasing.is_set():
            self._queue.set_visibility(message, 0)
            return Outcome.RELEASED
        log.warning("attempt failed", extra={"code": code, "reason": reason})
        if message.receive_count >= self._max_receive_count:
            attempts = f"{reason}; given up after {message.receive_count} attempts"
            self._results.write(job, failed(job, code, attempts))
            self._queue.set_visibility(message, 0)
            return Outcome.DEAD_LETTERED
        delay_s = retry_delay_s(
            message.receive_count,
            base_s=self._backoff_s,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        )
        self._queue.set_visibility(message, delay_s)
        return Outcome.RETRIED

    def _respond(self, result: JobDone | JobFailed) -> None:
        """Copy the result to the response queue, which nobody may depend on."""
        if self._responses is None:
            return
        try:
            self._responses.send(result.model_dump_json())
        except ServiceUnavailable as error:
            log.warning("response was not copied", extra={"reason": str(error)})
