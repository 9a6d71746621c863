"""Tables in a folder are on the disk before anything relies on them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.gallery.lance.folder_store import FolderStore
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.journal import Entries
from tests.support.indexes import LENGTH, face_at, new_gallery


class Disk:
    """Which files of the tables have been brought to the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._folder = folder
        self._synced: set[str] = set()
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self._note)

    def missing(self) -> set[str]:
        """Return the files and folders of tables that are there and may be lost."""
        there = {str(path) for path in self._folder.rglob("*") if ".lance" in str(path)}
        return there - self._synced

    def _note(self, handle: int) -> None:
        self._sync(handle)
        self._synced.add(str(Path(f"/proc/self/fd/{handle}").readlink()))


class WatchedStore(FolderStore):
    """A store that looks at the tables whenever a journal is written without faces."""

    def __init__(self, folder: Path, look: Callable[[], set[str]]) -> None:
        super().__init__(str(folder))
        self._look = look
        self.missing: list[set[str]] = []

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        if not len(Entries.decoded(body, "")):
            self.missing.append(self._look())
        return super().swap(key, body, content_type=content_type, version=version)


def test_faces_leave_the_journal_when_their_table_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, tmp_path)
    store = WatchedStore(tmp_path, disk.missing)
    index = LanceFaceIndex(str(tmp_path), store)
    gallery_id = new_gallery()
    index.create(gallery_id, length=LENGTH)
    assert disk.missing() == set()

    faces = [face_at(number) for number in range(200)]
    index.put(gallery_id, faces)
    index.close()

    assert len(store.missing) >= 2  # at the beginning, and after the fold
    assert set().union(*store.missing) == set()
    index.erase(gallery_id, [faces[0].face_id])
    assert disk.missing() == set()
    index.close()
