"""A store in memory whose conditional writes have one winner, as those of S3."""

import hashlib
import heapq
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from core.errors import BucketMissing, ObjectMissing, StorageUnavailable
from core.ports import ObjectNotes, StoredObject, UploadForm, check_size, checked_path


class MemoryStore:
    """A bucket in memory with conditional writes; its clock shows whole seconds, as that of S3."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.objects: dict[str, bytes] = {}
        self._notes: dict[str, ObjectNotes] = {}
        self.clock = clock
        self._lock = threading.Lock()
        self.available = True
        self.exists = True
        self.gets = 0
        self.listings = 0

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        self.check()
        self.gets += 1
        try:
            body = self.objects[key]
        except KeyError:
            raise ObjectMissing(f"no object is stored under {key!r}") from None
        check_size(len(body), max_bytes)
        return StoredObject(body=body, version=_version(body), **vars(self._notes_of(key)))

    def notes(self, key: str) -> ObjectNotes:
        self.check()
        if key not in self.objects:
            raise ObjectMissing(f"no object is stored under {key!r}")
        return self._notes_of(key)

    def now(self) -> datetime:
        self.check()
        return self._now()

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
        self._note(key, metadata)

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        self.check()
        with self._lock:
            present = self.objects.get(checked_path(key))
            if (None if present is None else _version(present)) != version:
                return False
            self.objects[key] = body
            self._note(key, metadata)
            return True

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        written = self.put_if(key, body, content_type=content_type, version=version)
        return _version(body) if written else None

    def delete(self, key: str) -> None:
        self.check()
        self.objects.pop(key, None)

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.delete(key)

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        self.check()
        self.listings += 1
        found = (key for key in self.objects if key.startswith(prefix) and key > after)
        return heapq.nsmallest(min(limit, 1000), found)

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        keys = self.keys(prefix, after=after, limit=limit)
        return {key: _version(self.objects[key]) for key in keys}

    def versions(self, prefix: str) -> dict[str, str]:
        self.check()
        self.listings += 1
        return {
            key: _version(body)
            for key, body in list(self.objects.items())
            if key.startswith(prefix)
        }

    def obstacle(self) -> str | None:
        return None if self.exists else "it does not exist"

    def keeps_versions(self) -> bool:
        self.check()
        return False

    def upload_form(
        self, key: str, *, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> UploadForm:
        """Return what a test needs to `put` the object as S3 would."""
        return UploadForm(url="memory:", fields={"key": key, **metadata})

    def forget_old_below(self, prefix: str) -> None:
        pass

    def _note(self, key: str, metadata: Mapping[str, str] | None) -> None:
        self._notes[key] = ObjectNotes(metadata=dict(metadata or {}), modified_at=self._now())

    def _notes_of(self, key: str) -> ObjectNotes:
        """Return the notes of an object that a test may also have put there by itself."""
        return self._notes.get(key) or ObjectNotes(metadata={}, modified_at=self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self.clock()), UTC)

    def check(self) -> None:
        if not self.exists:
            raise BucketMissing("there is no such bucket")
        if not self.available:
            raise StorageUnavailable("the store was switched off by the test")


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
