"""Tables that an older version made, without the columns that came later."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import lancedb
import numpy as np
import pytest

from core.faces.geometry import Box
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.rows import lacking, schema, to_table
from core.ports import EnrolledFace

GALLERY = "a" * 32
LENGTH = 8
LATER = {field.name for field in lacking(schema(LENGTH).empty_table().select(["face_id"]).schema)}


def a_face(position: int) -> EnrolledFace:
    return EnrolledFace(
        face_id=str(uuid.UUID(int=position, version=4)),
        person="Ada",
        image_id=f"{position}.jpg",
        embedding=np.random.default_rng(position).normal(size=LENGTH).astype(np.float32),
        box=Box(left=1, top=2, right=3, bottom=4),
        quality=60.5,
        enrolled_at=datetime(2026, 11, 30, tzinfo=UTC),
    )


OLD = replace(a_face(1), box=None, quality=None, enrolled_at=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a gallery as an older version left it."""
    columns = schema(LENGTH)
    for name in LATER:
        columns = columns.remove(columns.get_field_index(name))
    older = lancedb.connect(str(tmp_path)).create_table(GALLERY, schema=columns)
    older.add(to_table([OLD], schema(LENGTH)).select(columns.names))
    return tmp_path


@pytest.fixture
def index(folder: Path) -> Iterator[LanceFaceIndex]:
    index = LanceFaceIndex(str(folder), refresh_s=0.05)
    yield index
    index.close()


def files_with(folder: Path, trace: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if trace in path.read_bytes()]


def known(index: LanceFaceIndex) -> dict[str, EnrolledFace]:
    page = index.page(GALLERY, limit=100)
    return {face.image_id: replace(face, embedding=OLD.embedding) for face in page}


def test_faces_of_an_older_version_are_read(index: LanceFaceIndex) -> None:
    assert known(index) == {"1.jpg": OLD}
    assert index.search(GALLERY, OLD.embedding[np.newaxis], limit=1)[0][0].face_id == OLD.face_id


def test_upgrade_adds_what_is_missing_once(index: LanceFaceIndex) -> None:
    assert index.is_outdated(GALLERY)
    assert index.upgrade(GALLERY)
    assert not index.is_outdated(GALLERY)
    assert not index.upgrade(GALLERY)

    assert known(index) == {"1.jpg": OLD}


def test_first_writer_adds_what_is_missing_while_others_search(index: LanceFaceIndex) -> None:
    index.search(GALLERY, OLD.embedding[np.newaxis], limit=1)
    new = a_face(2)

    index.put(GALLERY, [new])
    index.refresh(GALLERY, max_age_s=0)

    assert known(index) == {"1.jpg": OLD, "2.jpg": replace(new, embedding=OLD.embedding)}
    found = index.search(GALLERY, OLD.embedding[np.newaxis], limit=2)[0]
    assert [match.face_id for match in found] == [OLD.face_id, new.face_id]


def test_writers_of_several_machines_that_come_first_at_once_lose_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.gallery.lance.table.write_lock", lambda *_: nullcontext())
    writers = [LanceFaceIndex(str(folder)) for _ in range(6)]
    faces = [a_face(position) for position in range(2, 8)]

    def write(writer: LanceFaceIndex, face: EnrolledFace) -> None:
        writer.put(GALLERY, [face])

    with ThreadPoolExecutor(max_workers=len(writers)) as threads:
        list(threads.map(write, writers, faces))

    stored = known(writers[0])
    for writer in writers:
        writer.close()
    assert stored == {
        face.image_id: replace(face, embedding=OLD.embedding) for face in (OLD, *faces)
    }


def test_face_of_an_older_version_can_be_erased(index: LanceFaceIndex, folder: Path) -> None:
    index.upgrade(GALLERY)
    assert files_with(folder, OLD.embedding.tobytes())

    index.erase(GALLERY, [OLD.face_id])

    assert not files_with(folder, OLD.embedding.tobytes())
