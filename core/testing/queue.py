"""A queue in memory that delivers, hides and gives up messages as SQS does."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.errors import QueueUnavailable
from core.ports import ReceivedMessage


@dataclass(kw_only=True)
class _QueuedMessage:
    body: str
    visible_at_s: float
    notes: Mapping[str, str] = field(default_factory=dict)
    receive_count: int = 0
    receipt: str = ""


_LONGEST_DELAY_S: Final = 900
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that SQS refuses in a body."""


class MemoryQueue:
    """A queue in memory with visibility timeout, receive count and dead letters."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        visibility_s: float = 60,
        max_receive_count: int = 5,
        dead_letters: "MemoryQueue | None" = None,
    ) -> None:
        self._clock = clock
        self._visibility_s = visibility_s
        self._max_receive_count = max_receive_count
        self._dead_letters = dead_letters
        self._messages: list[_QueuedMessage] = []
        self._receipts = 0
        self._lock = threading.Condition()
        self.available = True
        self.refusals: list[str] = []
        """Bodies of messages that a batch refuses, each entry once."""
        self.deletions = 0
        """Batches that were deleted."""
        self.visibility_changes: list[tuple[str, float]] = []

    @property
    def messages(self) -> list[ReceivedMessage]:
        """Return all messages, visible or in flight."""
        return [
            ReceivedMessage(
                body=message.body,
                receipt=message.receipt,
                receive_count=message.receive_count,
                notes=message.notes,
            )
            for message in self._messages
        ]

    @property
    def bodies(self) -> list[str]:
        """Bodies of all messages, visible or in flight."""
        return [message.body for message in self._messages]

    @property
    def in_flight(self) -> list[str]:
        """Bodies of the messages that are invisible now."""
        now_s = self._clock()
        return [message.body for message in self._messages if message.visible_at_s > now_s]

    def send(
        self, body: str, *, notes: Mapping[str, str] | None = None, delay_s: float = 0
    ) -> None:
        if not 0 <= delay_s <= _LONGEST_DELAY_S:
            raise QueueUnavailable(f"a delay of {delay_s:g} s is refused by SQS")
        self._send([body], notes=[notes or {}], delay_s=delay_s)

    def send_many(self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]] = ()) -> None:
        self._send(bodies, notes=notes)

    def _send(
        self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]], delay_s: float = 0
    ) -> None:
        self.check()
        noted = zip(bodies, notes or [{}] * len(bodies), strict=True)
        accepted = [(body, said) for body, said in noted if not _FORBIDDEN.search(body)]
        with self._lock:
            self._messages += [
                _QueuedMessage(body=body, visible_at_s=self._clock() + delay_s, notes=said)
                for body, said in accepted
            ]
            self._lock.notify_all()
        if len(accepted) < len(bodies):
            raise QueueUnavailable("a body has characters that SQS refuses")

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        received = self._receive(limit, visibility_s)
        if not received and wait_s > 0:
            with self._lock:
                self._lock.wait(wait_s)
            received = self._receive(limit, visibility_s)
        return received

    def _receive(self, limit: int, visibility_s: float | None) -> list[ReceivedMessage]:
        self.check()
        now_s = self._clock()
        hidden_s = self._visibility_s if visibility_s is None else visibility_s
        received: list[ReceivedMessage] = []
        with self._lock:
            for message in list(self._messages):
                if message.visible_at_s > now_s or len(received) == limit:
                    continue
                if self._dead_letters and message.receive_count >= self._max_receive_count:
                    self._messages.remove(message)
                    self._dead_letters.send(message.body, notes=message.notes)
                    continue
                message.receive_count += 1
                self._receipts += 1
                message.receipt = str(self._receipts)
                message.visible_at_s = now_s + hidden_s
                received.append(
                    ReceivedMessage(
                        body=message.body,
                        receipt=message.receipt,
                        receive_count=message.receive_count,
                        notes=message.notes,
                    )
                )
        return received

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        self.check()
        refused = [message for message in messages if self._refuses(message)]
        accepted = {message.receipt for message in messages if message not in refused}
        with self._lock:
            self._messages = [kept for kept in self._messages if kept.receipt not in accepted]
        self.deletions += 1
        return refused

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        self.check()
        with self._lock:
            self.visibility_changes.append((message.body, seconds))
            for queued in self._messages:
                if queued.receipt == message.receipt:
                    queued.visible_at_s = self._clock() + seconds
            self._lock.notify_all()

    def set_visibility_many(
        self, messages: Sequence[ReceivedMessage], seconds: float
    ) -> list[ReceivedMessage]:
        self.check()
        present = {queued.receipt for queued in self._messages}
        refused = [
            message
            for message in messages
            if message.receipt not in present or self._refuses(message)
        ]
        for message in messages:
            if message not in refused:
                self.set_visibility(message, seconds)
        return refused

    def _refuses(self, message: ReceivedMessage) -> bool:
        if message.body in self.refusals:
            self.refusals.remove(message.body)
            return True
        return not message.receipt.isdigit()

    def check(self) -> None:
        if not self.available:
            raise QueueUnavailable("the queue was switched off by the test")
