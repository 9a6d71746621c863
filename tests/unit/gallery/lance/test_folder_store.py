"""Journals in a folder are written conditionally, as those in a bucket are."""

from pathlib import Path

import pytest

from core.errors import ObjectMissing
from core.gallery.lance.folder_store import FolderStore

KEY = "changes/journals/ada"


def swap(store: FolderStore, body: bytes, version: str | None) -> str | None:
    return store.swap(KEY, body, content_type="text/plain", version=version)


def test_write_over_a_version_that_is_not_there_is_not_done(tmp_path: Path) -> None:
    one, other = FolderStore(str(tmp_path)), FolderStore(str(tmp_path))
    assert swap(one, b"one", "a version") is None

    first = swap(one, b"one", None)
    assert first is not None
    assert swap(other, b"two", None) is None
    second = swap(other, b"two", first)

    assert swap(one, b"three", first) is None
    stored = one.get_if_changed(KEY, first)
    assert stored is not None
    assert (stored.body, stored.version) == (b"two", second)
    assert one.get_if_changed(KEY, stored.version) is None


def test_what_is_deleted_is_missing(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path))
    version = swap(store, b"one", None)

    store.delete(KEY)
    store.delete(KEY)

    with pytest.raises(ObjectMissing):
        store.get_if_changed(KEY, "")
    assert swap(store, b"two", version) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
