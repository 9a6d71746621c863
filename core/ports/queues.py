"""Queues of messages."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """A message in flight; ``receive_count`` is 1 at its first delivery.

    ``notes`` were sent with it, beside its body. ``age_s`` is the time since then, by the clocks
    of two machines.
    """

    body: str
    receipt: str
    receive_count: int
    notes: Mapping[str, str] = field(default_factory=dict)
    age_s: float = 0.0


class JobQueue(Protocol):
    """A queue that delivers at least once. Every method may raise ``QueueUnavailable``."""

    def send(
        self, body: str, *, notes: Mapping[str, str] | None = None, delay_s: float = 0
    ) -> None:
        """Send a message, which nobody receives before that time has passed; 15 minutes at most."""
        ...

    def send_many(self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]] = ()) -> None:
        """Send all, with as many notes or none; after an error some may have been sent."""
        ...

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        """Wait for up to ``limit`` messages (10 at most); they are in flight from then on."""
        ...

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages; return those that the queue refused to delete."""
        ...

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        """Let a message in flight be delivered again after that time."""
        ...

    def set_visibility_many(
        self, messages: Sequence[ReceivedMessage], seconds: float
    ) -> list[ReceivedMessage]:
        """Set the visibility of messages in flight; return those that the queue refused."""
        ...

    def check(self) -> None:
        """Raise ``QueueUnavailable`` unless the queue exists and answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message in a dead-letter queue, and the time since it was first sent."""

    message: ReceivedMessage
    age_s: float

    @property
    def body(self) -> str:
        return self.message.body


class DeadLetters(Protocol):
    """The dead letters of one queue. Every method may raise ``QueueUnavailable``."""

    @property
    def name(self) -> str:
        """The dead-letter queue's own."""
        ...

    def leased(self, *, complete: bool = False) -> AbstractContextManager[list[DeadLetter]]:
        """Hide all messages from other readers while the block runs.

        Parameters
        ----------
        complete : bool
            Wait for those that another reader has hidden, such as a worker's
            sweep, and raise ``QueueUnavailable`` when they don't come back.
        """
        ...

    def move(self) -> bool:
        """Move all visible messages to their queue; tell whether that can be done at once."""
        ...

    def send_again(self, letters: Sequence[DeadLetter]) -> None:
        """Send messages to their queue once more; here they stay."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> int:
        """Delete messages; return how many were refused."""
        ...

    def count(self) -> tuple[int, int]:
        """Return how many messages are visible and how many are hidden."""
        ...
