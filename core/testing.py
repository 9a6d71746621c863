"""In-memory queue, store, face index and recogniser that behave as the real ones do.

They keep the contract of ``core.ports`` (the contract tests run on both) and
record what happened, so that a test can state facts.
"""

import hashlib
import heapq
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound, ObjectMissing, QueueUnavailable, StorageUnavailable
from core.faces.results import Recognition
from core.ports import EnrolledFace, Match, ReceivedMessage, StoredObject, checked_path


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
    def bodies(self) -> list[str]:
        """Bodies of all messages, visible or in flight."""
        return [message.body for message in self._messages]

    @property
    def in_flight(self) -> list[str]:
        """Bodies of the messages that are invisible now."""
        now_s = self._clock()
        return [message.body for message in self._messages if message.visible_at_s > now_s]

    def send(self, body: str) -> None:
        self.send_many([body])

    def send_many(self, bodies: Sequence[str]) -> None:
        self.check()
        accepted = [body for body in bodies if not _FORBIDDEN.search(body)]
        with self._lock:
            self._messages += [
                _QueuedMessage(body=body, visible_at_s=self._clock()) for body in accepted
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
                    self._dead_letters.send(message.body)
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
                    )
                )
        return received

    def delete(self, message: ReceivedMessage) -> None:
        self.check()
        with self._lock:
            self._messages = [kept for kept in self._messages if kept.receipt != message.receipt]

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        self.check()
        refused = [message for message in messages if self._refuses(message)]
        accepted = [message for message in messages if message not in refused]
        for message in accepted:
            self.delete(message)
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


class MemoryStore:
    """A bucket in memory with conditional writes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._metadata: dict[str, dict[str, str]] = {}
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
        return StoredObject(body=body, version=_version(body), metadata=self._metadata.get(key, {}))

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        stored = self.get(key)
        return None if stored.version == version else stored

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.check()
        self.objects[checked_path(key)] = body
        self._metadata[key] = dict(metadata or {})

    def put_if(self, key: str, body: bytes, *, content_type: str, version: str | None) -> bool:
        self.check()
        with self._lock:
            present = self.objects.get(checked_path(key))
            if (None if present is None else _version(present)) != version:
                return False
            self.objects[key] = body
            self._metadata[key] = {}
            return True

    def delete(self, key: str) -> None:
        self.check()
        self.objects.pop(key, None)

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.delete(key)

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        self.check()
        found = (key for key in self.objects if key.startswith(prefix) and key > after)
        return heapq.nsmallest(min(limit, 1000), found)

    def check(self) -> None:
        if not self.available:
            raise StorageUnavailable("the store was switched off by the test")


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class MemoryFaceIndex:
    """Galleries in memory, searched by comparing all."""

    def __init__(self) -> None:
        self.galleries: dict[str, dict[str, EnrolledFace]] = {}

    def create(self, gallery_id: str, *, length: int) -> None:
        self.galleries.setdefault(gallery_id, {})

    def drop(self, gallery_id: str) -> None:
        self.galleries.pop(gallery_id, None)

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        self._gallery(gallery_id).update({face.face_id: face for face in faces})

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        gallery = self._gallery(gallery_id)
        return [gallery[face_id] for face_id in dict.fromkeys(face_ids) if face_id in gallery]

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        found = [
            face
            for face_id, face in sorted(self._gallery(gallery_id).items())
            if face_id > after and person in (None, face.person)
        ]
        return found[:limit]

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        gallery = self._gallery(gallery_id)
        for face_id in face_ids:
            gallery.pop(face_id, None)

    def count(self, gallery_id: str) -> int:
        return len(self._gallery(gallery_id))

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        faces = list(self._gallery(gallery_id).values())
        return [
            heapq.nsmallest(
                limit, (_match(face, probe) for face in faces), key=lambda match: match.distance
            )
            for probe in probes
        ]

    def close(self) -> None:
        pass

    def _gallery(self, gallery_id: str) -> dict[str, EnrolledFace]:
        try:
            return self.galleries[gallery_id]
        except KeyError:
            raise CollectionNotFound(f"there is no gallery {gallery_id}") from None


def _match(face: EnrolledFace, probe: NDArray[np.float32]) -> Match:
    return Match(
        face_id=face.face_id,
        person=face.person,
        distance=float(np.linalg.norm(face.embedding - probe)),
        rejected=face.rejected,
    )


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
