"""A bucket that is a folder of this machine."""

import errno
import hashlib
import itertools
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import BucketMissing, NoDirectUploads, ObjectMissing, StorageUnavailable
from core.home import folders
from core.home.folders import keep_entries, locked, make_folder, remove_empty
from core.home.object_file import ObjectLine, read_line, read_object, write_file
from core.home.object_paths import object_path, stored_keys
from core.ports import ObjectNotes, StoredObject, UploadForm, checked_path

OBJECTS: Final = "objects"
WRITING: Final = "writing"
_LOCKS: Final = "locks"
_MOST_KEYS: Final = 1000
_ATTEMPTS: Final = 100
"""So often others may remove an empty folder just before the first object is put there."""


class FolderBucket:
    """One bucket in a folder; keeps the contract of ``Bucket`` for all processes of a machine.

    An object is a file. It is written beside the others, brought to the disk, and then given its
    name, under a lock that all writers of that key share. So a reader meets an object whole or not
    at all, and what was written is there after a loss of power.

    Parameters
    ----------
    folder : Path
        Of this bucket alone; `make_bucket` makes it.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._objects = folder / OBJECTS
        self._clock = clock

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        with self._errors(key):
            stored = read_object(self._path(key), max_bytes=max_bytes)
        assert stored is not None  # noqa: S101 - only a conditional read brings None
        return stored

    def notes(self, key: str) -> ObjectNotes:
        with self._errors(key):
            return read_line(self._path(key)).notes

    def now(self) -> datetime:
        self.check()
        return datetime.fromtimestamp(int(self._clock()), UTC)

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        with self._errors(key):
            return read_object(self._path(key), unless_version=version)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._write(key, self._line(body, content_type, metadata), body)

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        line = self._line(body, content_type, metadata)
        return self._write(key, line, body, only_over=[version])

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        line = self._line(body, content_type, None)
        return line.version if self._write(key, line, body, only_over=[version]) else None

    def delete(self, key: str) -> None:
        self.delete_many([key])

    def delete_many(self, keys: Sequence[str]) -> None:
        self.check()
        for key in keys:
            with self._errors(key), suppress(ObjectMissing):
                self._remove(key)

    def remove_older(self, than_s: float) -> int:
        """Remove the objects that were written before that second; return how many."""
        removed = 0
        with self._errors(""):
            for key, entry in stored_keys(self._objects, ""):
                with suppress(FileNotFoundError):
                    # A copy of the folder may have new times, but no object is newer than its file.
                    if entry.stat().st_mtime < than_s and read_line(entry.path).written_s < than_s:
                        removed += self._remove(key, older_than_s=than_s)
        return removed

    def keys(self, prefix: str, *, after: str = "", limit: int = _MOST_KEYS) -> list[str]:
        with self._errors(prefix):
            self.check()
            found = itertools.islice(
                stored_keys(self._objects, prefix, after), min(limit, _MOST_KEYS)
            )
            return [key for key, _ in found]

    def page(self, prefix: str, *, after: str = "", limit: int = _MOST_KEYS) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._errors(prefix):
            self.check()
            for key, entry in stored_keys(self._objects, prefix, after):
                if len(found) >= min(limit, _MOST_KEYS):
                    break
                with suppress(FileNotFoundError):
                    found[key] = read_line(entry.path).version
        return found

    def versions(self, prefix: str) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._errors(prefix):
            self.check()
            for key, entry in stored_keys(self._objects, prefix):
                with suppress(FileNotFoundError):
                    state = entry.stat()
                    found[key] = f"{state.st_ino}-{state.st_mtime_ns}-{state.st_size}"
        return found

    def check(self) -> None:
        if not self._objects.is_dir():
            raise BucketMissing(f"bucket {self._folder} does not exist")

    def obstacle(self) -> str | None:
        """Say why the bucket can't be read, None if it can be."""
        if not self._objects.is_dir():
            return "it does not exist"
        return None if os.access(self._objects, os.R_OK | os.X_OK) else "it may not be read"

    def keeps_versions(self) -> bool:
        return False

    def forget_old_below(self, prefix: str) -> None:
        """Do nothing: a folder keeps nothing of what is deleted or replaced."""

    def upload_form(
        self, key: str, *, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> UploadForm:
        raise NoDirectUploads(
            "this service keeps its photos in a folder, where nobody can send them: "
            "use POST /batches or POST /faces instead"
        )

    def _line(
        self, body: bytes, content_type: str, metadata: Mapping[str, str] | None
    ) -> ObjectLine:
        now_s = int(self._clock())
        return ObjectLine.of(body, content_type=content_type, metadata=metadata or {}, now_s=now_s)

    def _write(
        self, key: str, line: ObjectLine, body: bytes, only_over: Sequence[str | None] = ()
    ) -> bool:
        """Write an object, only over these versions if any are given; tell whether it was done."""
        path = self._path(checked_path(key))
        written = self._folder / WRITING / uuid.uuid4().hex
        with self._errors(key, writes=True):
            try:
                write_file(written, line, body, now_ns=time.time_ns())
                with self._locked(key):
                    if only_over and self._version(path) not in only_over:
                        return False
                    self._name(written, path)
            finally:
                written.unlink(missing_ok=True)
            keep_entries(path.parent, below=self._objects)
        return True

    def _remove(self, key: str, *, older_than_s: float | None = None) -> bool:
        """Remove an object, if it is that old; tell whether it was done."""
        path = self._path(key)
        if not path.exists():
            return False
        with self._locked(key):
            try:
                if older_than_s is not None and read_line(path).written_s >= older_than_s:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
        last = remove_empty(path.parent, below=self._objects)
        keep_entries(last, below=last)
        return True

    def _name(self, written: Path, path: Path) -> None:
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):
                make_folder(path.parent, below=self._objects)
                written.replace(path)
                return
        raise StorageUnavailable(f"bucket {self._folder}: its folders vanish")

    def _version(self, path: Path) -> str | None:
        try:
            return read_line(path).version
        except FileNotFoundError:
            return None

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        name = hashlib.sha256(key.encode()).hexdigest()[:2]
        with locked(self._folder / _LOCKS / name, patience_s=folders.LOCKED_FOR_S):
            yield

    def _path(self, key: str) -> Path:
        return object_path(self._objects, key)

    @contextmanager
    def _errors(self, key: str, *, writes: bool = False) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            self.check()
            if writes:
                raise StorageUnavailable(f"bucket {self._folder}: {error}") from error
            raise ObjectMissing(f"no object is stored under {key!r}") from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG and not writes:
                raise ObjectMissing(f"no key is as long as {key[:100]!r}…") from error
            raise StorageUnavailable(f"bucket {self._folder}: {error}") from error


def make_bucket(folder: Path) -> None:
    """Make the folder of a bucket, unless it is there; the one above it is."""
    for each in (OBJECTS, WRITING, _LOCKS):
        make_folder(folder / each, below=folder.parent)
    keep_entries(folder, below=folder.parent)
