"""Tables whose newest version a loss of power has torn."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ServiceUnavailable
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.torn_versions import set_torn_versions_aside
from tests.support.indexes import LENGTH, face_at, new_gallery

MANY = 2_001
"""So many faces go into the table at once."""


def stored(folder: Path, gallery_id: str) -> int:
    index = LanceFaceIndex(str(folder))
    try:
        return index.count(gallery_id)
    finally:
        index.close()


def newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.fixture
def gallery(tmp_path: Path) -> str:
    """Return a gallery of two versions with faces."""
    index, gallery_id = LanceFaceIndex(str(tmp_path)), new_gallery()
    index.create(gallery_id, length=LENGTH)
    for _ in range(2):
        index.put(gallery_id, [face_at(number) for number in range(MANY)])
    index.close()
    return gallery_id


@pytest.mark.parametrize("damage", [cut_off, empty, Path.unlink])
@pytest.mark.parametrize("file", ["_versions/*.manifest", "data/*.lance"])
def test_table_is_as_its_last_whole_version_says(
    tmp_path: Path, gallery: str, file: str, damage: Callable[[Path], None]
) -> None:
    damage(newest(tmp_path, f"*.lance/{file}"))

    set_torn_versions_aside(tmp_path)

    assert stored(tmp_path, gallery) == MANY


def test_whole_table_is_left_alone(tmp_path: Path, gallery: str) -> None:
    set_torn_versions_aside(tmp_path)

    assert stored(tmp_path, gallery) == 2 * MANY


def test_torn_deletion_is_not_done(tmp_path: Path, gallery: str) -> None:
    index = LanceFaceIndex(str(tmp_path))
    (face, *_) = index.page(gallery, limit=1)
    table = index._connection.current.tables.open_table(gallery)  # a killed process has no more
    table.delete(f"face_id = '{face.face_id}'")
    index.close()
    cut_off(newest(tmp_path, "*.lance/_deletions/*"))

    set_torn_versions_aside(tmp_path)

    assert stored(tmp_path, gallery) == 2 * MANY


def test_table_without_a_whole_version_is_left_alone(tmp_path: Path, gallery: str) -> None:
    for path in tmp_path.glob("*.lance/_versions/*.manifest"):
        cut_off(path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    set_torn_versions_aside(tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    with pytest.raises(ServiceUnavailable):
        stored(tmp_path, gallery)
