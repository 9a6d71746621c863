"""Buckets of objects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from core.errors import FileTooLarge


@dataclass(frozen=True, kw_only=True)
class ObjectNotes:
    """An object's metadata, and when it was written, by the bucket's own clock."""

    metadata: Mapping[str, str]
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredObject(ObjectNotes):
    """An object, and the tag of its version."""

    body: bytes
    version: str


@dataclass(frozen=True, kw_only=True)
class UploadForm:
    """Where a form with these fields and a ``file`` is to be posted."""

    url: str
    fields: Mapping[str, str]


_NO_PATH: Final = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f]")


def is_path(key: str) -> bool:
    """Tell whether a key has no empty, ``.`` or ``..`` segment and no control character."""
    return not _NO_PATH.search(key)


def checked_path(key: str) -> str:
    """Return a key to write to; ``ValueError`` unless it `is_path`."""
    if not is_path(key):
        raise ValueError(f"the key {key!r} is no path")
    return key


def check_size(size: int, max_bytes: int | None) -> None:
    """Raise ``FileTooLarge`` if an object of that size is over the limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileTooLarge(f"{size} bytes; at most {max_bytes} bytes are accepted")


class ObjectStore(Protocol):
    """One bucket. Every method may raise ``StorageUnavailable``.

    What is written needs a key that `is_path`, else ``ValueError``. ``get`` takes any key.
    """

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Return an object; ``ObjectMissing`` if there is none.

        ``FileTooLarge`` if it has more than ``max_bytes``; its body is not read then.
        """
        ...

    def notes(self, key: str) -> ObjectNotes:
        """Return an object's metadata without its body; raises as ``get`` does."""
        ...

    def now(self) -> datetime:
        """Return the time by the bucket's own clock, to the second."""
        ...

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        """Return an object, or None while it still has that version."""
        ...

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Store an object; ``metadata`` is ASCII."""
        ...

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        """Write only over that version (None: only if there is no object); tell whether it did."""
        ...

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        """Write as `put_if` does; return the version that is there now, None if it was not done."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        ...

    def delete_many(self, keys: Sequence[str]) -> None:
        """Remove objects; no error if there are none."""
        ...

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """Return the next keys with a prefix behind ``after``, in order; 1,000 at most.

        Fewer than that and than ``limit`` are all that there are.
        """
        ...

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        """Return the versions of the next objects, by key, as `keys` finds them.

        They are those of ``get``.
        """
        ...

    def versions(self, prefix: str) -> dict[str, str]:
        """Return the versions of all objects in a folder, whose name ends in ``/``, by key.

        Two of them are equal while the object is; they need not be those of ``get``.
        """
        ...

    def check(self) -> None:
        """Raise ``StorageUnavailable`` unless the bucket exists and answers."""
        ...


class Bucket(ObjectStore, Protocol):
    """An object store that may keep what is deleted or replaced, as old versions."""

    def obstacle(self) -> str | None:
        """Say why it can't be read although S3 answers, None if it can be."""
        ...

    def keeps_versions(self) -> bool:
        """Tell whether it keeps them, or did so before."""
        ...

    def forget_old_below(self, prefix: str) -> None:
        """Remove the old versions of what others write and delete below a prefix."""
        ...

    def upload_form(
        self, key: str, *, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> UploadForm:
        """Return a form by which anyone who has it may store one object for that long."""
        ...
