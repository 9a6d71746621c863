"""A store in memory whose conditional writes have one winner, as those of S3."""

import hashlib
import heapq
import threading
from collections.abc import Mapping, Sequence

from core.errors import ObjectMissing, StorageUnavailable
from core.ports import StoredObject, checked_path


class MemoryStore:
    """A bucket in memory with conditional writes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._metadata: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self.available = True
        self.gets = 0
        self.listings = 0

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
        self.listings += 1
        found = (key for key in self.objects if key.startswith(prefix) and key > after)
        return heapq.nsmallest(min(limit, 1000), found)

    def check(self) -> None:
        if not self.available:
            raise StorageUnavailable("the store was switched off by the test")


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
