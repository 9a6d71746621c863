"""The dead letters of one queue: leased, moved back, sent again."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code, unavailable_as
from core.aws.sqs import SqsQueue, notes_of
from core.errors import QueueUnavailable
from core.ground.authors import sent_again_with
from core.ports import DeadLetter, ReceivedMessage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

HIDDEN_S: Final = 300
PATIENCE_S: Final = 90
"""For other readers to give messages back, and for SQS to move them."""
_NO_MOVE_TASKS: Final = {"InvalidAction", "UnsupportedOperation", "NotImplemented"}


class DeadLetterQueue:
    """The dead letters of the queue ``source``; keeps the contract of ``DeadLetters``."""

    def __init__(self, client: "SQSClient", source: str, *, patience_s: float = PATIENCE_S) -> None:
        self.name = f"{source}-dlq"
        self._client = client
        self._source = source
        self._queue = SqsQueue(client, self.name)
        self._patience_s = patience_s
        self._errors = partial(unavailable_as, QueueUnavailable, f"SQS queue {self.name}")

    @contextmanager
    def leased(self, *, complete: bool = False) -> Iterator[list[DeadLetter]]:
        """Hide all messages from other readers while the block runs.

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
            self._queue.set_visibility_many([letter.message for letter in letters], 0)

    def move(self) -> bool:
        """Have SQS move all visible messages to their queue; tell whether it can.

        Raises
        ------
        QueueUnavailable
            If SQS refuses, fails, or takes longer than the patience.
        """
        with self._errors():
            arn = self._arn(self.name)
            try:
                # Named, because SQS does not know where those belong that workers sent here.
                self._client.start_message_move_task(
                    SourceArn=arn, DestinationArn=self._arn(self._source)
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

    def send_again(self, letters: Sequence[DeadLetter]) -> None:
        """Send messages to their queue once more; here they stay."""
        SqsQueue(self._client, self._source).send_many(
            [letter.body for letter in letters],
            notes=[sent_again_with(letter.message.notes) for letter in letters],
        )

    def delete(self, letters: Sequence[DeadLetter]) -> int:
        """Delete messages; return how many were refused."""
        return len(self._queue.delete_many([letter.message for letter in letters]))

    def count(self) -> tuple[int, int]:
        """Return how many messages are visible and how many are hidden."""
        shown, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        with self._errors():
            found = self._attributes(shown, hidden)
        return int(found[shown]), int(found[hidden])

    def _receive(self) -> list[DeadLetter]:
        with self._errors():
            answer = self._client.receive_message(
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
        )

    def _task(self, arn: str) -> Any:
        return self._client.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]

    def _arn(self, name: str) -> str:
        url = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def _attributes(self, *names: Any) -> Any:
        answer = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=list(names))
        return answer["Attributes"]

    def _url(self) -> str:
        return self._client.get_queue_url(QueueName=self.name)["QueueUrl"]
