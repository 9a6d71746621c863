"""The dead letters of one queue, for the operator."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code, sqs_client, unavailable_as
from core.aws.sqs import SqsQueue, notes_of
from core.bootstrap.shared import Shared
from core.errors import MalformedMessage, QueueUnavailable
from core.ground.storage_keys import batch_mark_key
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job, JobFailed, failed
from core.jobs.results import Results
from core.ports import ReceivedMessage
from core.settings import Settings
from core.submission.batches import note_outcome
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.unreadable import REASON, job_id_in, job_in

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

HIDDEN_S: Final = 300
PATIENCE_S: Final = 90
"""For other readers to give messages back, and for SQS to move them."""
_GIVEN_BY_SWEEPS: Final = {ABANDONED, MalformedMessage.code}
_NO_MOVE_TASKS: Final = {"InvalidAction", "UnsupportedOperation", "NotImplemented"}


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message in a dead-letter queue; ``job`` is None if its body is none."""

    message: ReceivedMessage
    age_s: float
    job: Job | IndexJob | None

    @property
    def job_id(self) -> str | None:
        """Id of the job that the message speaks of, even if it can't be read."""
        return self.job.job_id if self.job else job_id_in(self.message.body)

    @property
    def reason(self) -> str | None:
        """Why a worker could not read it."""
        return self.message.notes.get(REASON)


class DeadLetters:
    """The dead letters of one queue, and the results of their jobs."""

    def __init__(self, settings: Settings, kind: str, *, patience_s: float = PATIENCE_S) -> None:
        index = kind == "index"
        self.client: SQSClient = sqs_client(settings)
        self.source = settings.sqs_index_queue_name if index else settings.sqs_req_queue_name
        self.name = f"{self.source}-dlq"
        self.queue = SqsQueue(self.client, self.name)
        self._outputs = Shared(settings).outputs
        self.results = Results(self._outputs)
        self._patience_s = patience_s
        self.errors = partial(unavailable_as, QueueUnavailable, f"SQS queue {self.name}")

    @contextmanager
    def held(self, *, complete: bool = False) -> Iterator[list[DeadLetter]]:
        """Hide all messages from others as long as the block lasts.

        Parameters
        ----------
        complete : bool
            Wait for those that another reader has hidden, such as a worker's
            sweep, and raise ``QueueUnavailable`` when they don't come back.
        """
        letters: list[DeadLetter] = []
        until_s = time.monotonic() + self._patience_s
        try:
            while (page := self._receive()) or (complete and self.count()[1] > len(letters)):
                letters += page
                if not page and time.monotonic() > until_s:
                    raise QueueUnavailable(
                        f"messages of {self.name} are hidden by another reader; try later"
                    )
            yield letters
        finally:
            self.queue.set_visibility_many([letter.message for letter in letters], 0)

    def revive(self, letter: DeadLetter) -> None:
        """Remove a job's ``failed`` result, and its mark in a batch, so that it can have another.

        A result that is not ``failed`` stays: the job has its answer.
        """
        job_id = letter.job_id
        if job_id is None or not isinstance(self.results.read(job_id), JobFailed):
            return
        if isinstance(letter.job, IndexJob) and letter.job.batch_id is not None:
            key = batch_mark_key(letter.job.batch_id, letter.job.position, "failed")
            self._outputs.delete(key)
        self._outputs.delete(job_id)

    def bury(self, letters: list[DeadLetter]) -> int:
        """Delete messages, each job having a result by then; return how many were refused."""
        for letter in letters:
            if letter.job_id is None:
                continue
            collection_id = None if letter.job is None else letter.job.collection_id
            purged = "its message was purged"
            self.results.write(
                failed(letter.job_id, ABANDONED, purged, collection_id=collection_id)
            )
            stored = self.results.read(letter.job_id)
            if letter.job is not None and stored is not None:
                note_outcome(self._outputs, letter.job, stored)
        return len(self.queue.delete_many([letter.message for letter in letters]))

    def move(self) -> bool:
        """Have SQS move all visible messages to their queue; tell whether it can.

        Raises
        ------
        QueueUnavailable
            If SQS refuses, fails, or takes longer than the patience.
        """
        with self.errors():
            arn = self._arn(self.name)
            try:
                # Named, because SQS does not know where those belong that workers sent here.
                self.client.start_message_move_task(
                    SourceArn=arn, DestinationArn=self._arn(self.source)
                )
            except ClientError as error:
                if error_code(error).rpartition(".")[2] in _NO_MOVE_TASKS:
                    return False
                raise
            until_s = time.monotonic() + self._patience_s
            while (task := self._task(arn))["Status"] == "RUNNING":
                if time.monotonic() > until_s:
                    raise QueueUnavailable(f"SQS still moves messages of {self.name}; look again")
                time.sleep(0.2)
        if task["Status"] != "COMPLETED":
            reason = task.get("FailureReason", "no reason given")
            raise QueueUnavailable(f"SQS queue {self.name}: move {task['Status']}: {reason}")
        return True

    def resend(self, letters: list[DeadLetter]) -> None:
        """Send messages to their queue, then delete them here."""
        SqsQueue(self.client, self.source).send_many([letter.message.body for letter in letters])
        self.queue.delete_many([letter.message for letter in letters])

    def revive_abandoned(self, letters: list[DeadLetter]) -> None:
        """Send jobs again that a worker's sweep failed while their messages were moving.

        Their first new answer could not be stored. A job sent twice has one result.
        """
        for letter in letters:
            if letter.job_id is None:
                continue
            stored = self.results.read(letter.job_id)
            if isinstance(stored, JobFailed) and stored.error.code in _GIVEN_BY_SWEEPS:
                self.revive(letter)
                SqsQueue(self.client, self.source).send(letter.message.body)

    def count(self) -> tuple[int, int]:
        """Return how many messages are visible and how many are hidden."""
        shown, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        with self.errors():
            found = self._attributes(shown, hidden)
        return int(found[shown]), int(found[hidden])

    def _receive(self) -> list[DeadLetter]:
        with self.errors():
            answer = self.client.receive_message(
                QueueUrl=self._url(),
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                VisibilityTimeout=HIDDEN_S,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
            )
        return [self._letter(message) for message in answer.get("Messages", [])]

    def _letter(self, message: Any) -> DeadLetter:
        return DeadLetter(
            message=ReceivedMessage(
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                notes=notes_of(message),
            ),
            age_s=max(0.0, time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000),
            job=job_in(message["Body"]),
        )

    def _task(self, arn: str) -> Any:
        return self.client.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]

    def _arn(self, name: str) -> str:
        url = self.client.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def _attributes(self, *names: Any) -> Any:
        answer = self.client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=list(names))
        return answer["Attributes"]

    def _url(self) -> str:
        return self.client.get_queue_url(QueueName=self.name)["QueueUrl"]

    def code(self, letter: DeadLetter) -> str:
        """Return the code of a job's failure, or what else there is to say of its result."""
        if letter.job_id is None:
            return "malformed"
        stored = self.results.read(letter.job_id)
        if isinstance(stored, JobFailed):
            return stored.error.code
        return "no result yet" if stored is None else "done"
