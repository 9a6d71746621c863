"""Journals in a folder, for galleries whose tables are in one."""

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from core.errors import ObjectMissing
from core.ports import StoredObject


class FolderStore:
    """Files that any number of processes of this machine write conditionally.

    Their versions are hashes of what is in them.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        name = hashlib.sha256(str(self._folder.absolute()).encode()).hexdigest()[:16]
        self._lock = FileLock(Path(tempfile.gettempdir()) / f"face-journals-{name}", mode=0o600)

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        try:
            body = (self._folder / key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(f"no object is stored under {key!r}") from error
        now = _version(body)
        if now == version:
            return None
        return StoredObject(body=body, version=now, metadata={}, modified_at=datetime.now(UTC))

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        file = self._folder / key
        with self._lock:
            there = _version(file.read_bytes()) if file.exists() else None
            if there != version:
                return None
            file.parent.mkdir(parents=True, exist_ok=True)
            written = file.with_suffix(".new")
            written.write_bytes(body)
            written.replace(file)  # so that readers see all or nothing of it
        return _version(body)

    def delete(self, key: str) -> None:
        with self._lock:
            (self._folder / key).unlink(missing_ok=True)


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
