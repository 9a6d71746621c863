"""The part of a bucket that holds one tenant's own objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.ports import ObjectNotes, ObjectStore, StoredObject


@dataclass(frozen=True)
class TenantStore:
    """A bucket in which every key begins with a tenant's prefix; keeps ``ObjectStore``'s contract.

    The prefix ends in ``/`` and is not seen from outside.
    """

    bucket: ObjectStore
    prefix: str

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        return self.bucket.get(self._full(key), max_bytes=max_bytes)

    def notes(self, key: str) -> ObjectNotes:
        return self.bucket.notes(self._full(key))

    def now(self) -> datetime:
        return self.bucket.now()

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        return self.bucket.get_if_changed(self._full(key), version)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.bucket.put(self._full(key), body, content_type=content_type, metadata=metadata)

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        return self.bucket.put_if(
            self._full(key), body, content_type=content_type, version=version, metadata=metadata
        )

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        return self.bucket.swap(self._full(key), body, content_type=content_type, version=version)

    def delete(self, key: str) -> None:
        self.bucket.delete(self._full(key))

    def delete_many(self, keys: Sequence[str]) -> None:
        self.bucket.delete_many([self._full(key) for key in keys])

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        return list(self.page(prefix, after=after, limit=limit))

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        behind = self._full(after) if after else ""
        return self._own(self.bucket.page(self._full(prefix), after=behind, limit=limit))

    def versions(self, prefix: str) -> dict[str, str]:
        return self._own(self.bucket.versions(self._full(prefix)))

    def check(self) -> None:
        self.bucket.check()

    def _full(self, key: str) -> str:
        return f"{self.prefix}{key}"

    def _own(self, found: dict[str, str]) -> dict[str, str]:
        return {key.removeprefix(self.prefix): version for key, version in found.items()}
