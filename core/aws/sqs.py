"""A JobQueue on one SQS queue."""

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from core.aws.clients import unavailable_as
from core.errors import QueueUnavailable
from core.ports import ReceivedMessage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class SqsQueue:
    """One queue, found by its name at its first use; keeps the contract of ``JobQueue``."""

    def __init__(self, client: "SQSClient", name: str) -> None:
        self._client = client
        self._name = name
        self._known_url: str | None = None
        self._lock = threading.Lock()

    def send(self, body: str) -> None:
        with self._errors():
            self._client.send_message(QueueUrl=self._url(), MessageBody=body)

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        options: dict[str, Any] = (
            {} if visibility_s is None else {"VisibilityTimeout": round(visibility_s)}
        )
        with self._errors():
            answer = self._client.receive_message(
                QueueUrl=self._url(),
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=round(wait_s),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                **options,
            )
        return [
            ReceivedMessage(
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, message: ReceivedMessage) -> None:
        with self._errors():
            self._client.delete_message(QueueUrl=self._url(), ReceiptHandle=message.receipt)

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        with self._errors():
            self._client.change_message_visibility(
                QueueUrl=self._url(),
                ReceiptHandle=message.receipt,
                VisibilityTimeout=round(seconds),
            )

    def check(self) -> None:
        with self._errors():
            self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["QueueArn"])

    def _url(self) -> str:
        with self._lock:
            if self._known_url is None:
                self._known_url = self._client.get_queue_url(QueueName=self._name)["QueueUrl"]
            return self._known_url

    def _errors(self) -> AbstractContextManager[None]:
        return unavailable_as(QueueUnavailable, f"SQS queue {self._name}")
