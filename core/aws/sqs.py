"""A JobQueue on one SQS queue."""

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from core.aws.clients import unavailable_as
from core.errors import QueueUnavailable
from core.ports import ReceivedMessage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef


T = TypeVar("T")

_MAX_BATCH: Final = 10
_BATCH_ATTEMPTS: Final = 3


class SqsQueue:
    """One queue, found by its name at its first use; keeps the contract of ``JobQueue``."""

    def __init__(self, client: "SQSClient", name: str) -> None:
        self._client = client
        self._name = name
        self._known_url: str | None = None
        self._lock = threading.Lock()

    def send(
        self, body: str, *, notes: Mapping[str, str] | None = None, delay_s: float = 0
    ) -> None:
        delay: dict[str, Any] = {"DelaySeconds": math.ceil(delay_s)} if delay_s else {}
        with self._errors():
            self._client.send_message(
                QueueUrl=self._url(),
                MessageBody=body,
                MessageAttributes=_attributes(notes or {}),
                **delay,
            )

    def send_many(self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]] = ()) -> None:
        noted = zip(bodies, notes or [{}] * len(bodies), strict=True)
        for batch in _batches(list(noted)):
            self._send_batch(batch)

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
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
                **options,
            )
        return [
            ReceivedMessage(
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                notes=notes_of(message),
                age_s=max(0.0, time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000),
            )
            for message in answer.get("Messages", [])
        ]

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        refused: list[ReceivedMessage] = []
        for batch in _batches(messages):
            with self._errors():
                answer = self._client.delete_message_batch(
                    QueueUrl=self._url(),
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": message.receipt}
                        for n, message in enumerate(batch)
                    ],
                )
            refused += [batch[int(entry["Id"])] for entry in answer.get("Failed", [])]
        return refused

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        with self._errors():
            self._client.change_message_visibility(
                QueueUrl=self._url(),
                ReceiptHandle=message.receipt,
                VisibilityTimeout=round(seconds),
            )

    def set_visibility_many(
        self, messages: Sequence[ReceivedMessage], seconds: float
    ) -> list[ReceivedMessage]:
        refused: list[ReceivedMessage] = []
        for batch in _batches(messages):
            with self._errors():
                answer = self._client.change_message_visibility_batch(
                    QueueUrl=self._url(),
                    Entries=[
                        {
                            "Id": str(n),
                            "ReceiptHandle": message.receipt,
                            "VisibilityTimeout": round(seconds),
                        }
                        for n, message in enumerate(batch)
                    ],
                )
            refused += [batch[int(entry["Id"])] for entry in answer.get("Failed", [])]
        return refused

    def check(self) -> None:
        with self._errors():
            self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["QueueArn"])

    def _send_batch(self, noted: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """Send up to ten, and once more those that SQS refused for its own reasons."""
        entries = [
            {"Id": str(n), "MessageBody": body, "MessageAttributes": _attributes(notes)}
            for n, (body, notes) in enumerate(noted)
        ]
        for _ in range(_BATCH_ATTEMPTS):
            with self._errors():
                answer = self._client.send_message_batch(
                    QueueUrl=self._url(),
                    Entries=entries,  # type: ignore[arg-type]
                )
            # SQS answers 200 even if it refuses some, or all, of a batch.
            refused = {entry["Id"]: entry for entry in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
        codes = ", ".join(sorted({entry["Code"] for entry in refused.values()}))
        raise QueueUnavailable(
            f"SQS queue {self._name}: {len(entries)} messages were refused: {codes}"
        )

    def _url(self) -> str:
        with self._lock:
            if self._known_url is None:
                self._known_url = self._client.get_queue_url(QueueName=self._name)["QueueUrl"]
            return self._known_url

    def _errors(self) -> AbstractContextManager[None]:
        return unavailable_as(QueueUnavailable, f"SQS queue {self._name}")


def _attributes(notes: Mapping[str, str]) -> "dict[str, MessageAttributeValueTypeDef]":
    return {name: {"DataType": "String", "StringValue": note} for name, note in notes.items()}


def notes_of(message: Any) -> dict[str, str]:
    """Return what was sent with a message beside its body."""
    attributes = message.get("MessageAttributes", {})
    return {name: value.get("StringValue", "") for name, value in attributes.items()}


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _MAX_BATCH):
        yield items[start : start + _MAX_BATCH]
