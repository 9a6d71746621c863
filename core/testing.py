"""In-memory queue, store and recogniser that behave as the real ones do.

They keep the contract of ``core.ports`` (the contract tests run on both) and
record what happened, so that a test can state facts.
"""

import hashlib
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import ObjectMissing, QueueUnavailable, StorageUnavailable
from core.faces.results import Recognition
from core.ports import ReceivedMessage, StoredObject


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self._now_s = 1000.0

    def __call__(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        self._now_s += seconds


@dataclass(kw_only=True)
class _QueuedMessage:
    body: str
    visible_at_s: float
    receive_count: int = 0
    receipt: str = ""


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
        self._receipts = itertools.count(1)
        self._lock = threading.Lock()
        self.available = True
        self.visibility_changes: list[tuple[str, float]] = []

    @property
    def bodies(self) -> list[str]:
        """Bodies of all messages, visible or in flight."""
        return [message.body for message in self._messages]

    def send(self, body: str) -> None:
        self.check()
        with self._lock:
            self._messages.append(_QueuedMessage(body=body, visible_at_s=self._clock()))

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
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
                    self._dead_letters.send(message.body)
                    continue
                message.receive_count += 1
                message.receipt = str(next(self._receipts))
                message.visible_at_s = now_s + hidden_s
                received.append(
                    ReceivedMessage(
                        body=message.body,
                        receipt=message.receipt,
                        receive_count=message.receive_count,
                    )
                )
        return received

    def delete(self, message: ReceivedMessage) -> None:
        self.check()
        with self._lock:
            self._messages = [kept for kept in self._messages if kept.receipt != message.receipt]

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        self.check()
        with self._lock:
            self.visibility_changes.append((message.body, seconds))
            for queued in self._messages:
                if queued.receipt == message.receipt:
                    queued.visible_at_s = self._clock() + seconds

    def check(self) -> None:
        if not self.available:
            raise QueueUnavailable("the queue was switched off by the test")


class MemoryStore:
    """A bucket in memory with conditional writes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self.available = True
        self.gets = 0

    def get(self, key: str) -> StoredObject:
        self.check()
        self.gets += 1
        try:
            body = self.objects[key]
        except KeyError:
            raise ObjectMissing(f"no object is stored under {key!r}") from None
        return StoredObject(body=body, version=_version(body))

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        stored = self.get(key)
        return None if stored.version == version else stored

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        self.check()
        self.objects[key] = body

    def put_if(self, key: str, body: bytes, *, content_type: str, version: str | None) -> bool:
        self.check()
        with self._lock:
            present = self.objects.get(key)
            if (None if present is None else _version(present)) != version:
                return False
            self.objects[key] = body
            return True

    def delete(self, key: str) -> None:
        self.check()
        self.objects.pop(key, None)

    def has_prefix(self, prefix: str) -> bool:
        self.check()
        return any(key.startswith(prefix) for key in self.objects)

    def check(self) -> None:
        if not self.available:
            raise StorageUnavailable("the store was switched off by the test")


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass(kw_only=True)
class ScriptedRecognizer:
    """Answers with what the test put in: a recognition, or an error to raise."""

    answers: list[Recognition | Exception] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)

    def recognise(self, photo: bytes) -> Recognition:
        self.photos.append(photo)
        answer = self.answers[min(len(self.photos), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer
