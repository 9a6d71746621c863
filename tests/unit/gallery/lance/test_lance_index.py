"""Galleries as LanceDB tables in a folder."""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import CollectionNotFound, ModelMismatch
from core.gallery.lance import snapshot as lance_snapshot
from core.gallery.lance import table as lance_table
from core.gallery.lance.connection import LanceConnection, renewable_connection
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.journal import Journal
from core.gallery.lance.snapshot import JournalSnapshot, Snapshot
from core.gallery.lance.storage import storage_options
from core.gallery.lance.table import LanceTable
from core.gallery.replica.replica import GalleryReplica
from core.gallery.replica.rows import ReplicaRows
from core.ground.aws_keys import Renewable
from core.ports import EnrolledFace
from core.settings import Settings
from core.testing import MemoryStore
from harness.waiting import wait_until

GALLERY = "0123456789abcdef0123456789abcdef"
LENGTH = 128
REFRESH_S = 0.05
random = np.random.default_rng(11)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "galleries"


@pytest.fixture
def index(folder: Path) -> Iterator[LanceFaceIndex]:
    index = LanceFaceIndex(str(folder), refresh_s=REFRESH_S)
    index.create(GALLERY, length=LENGTH)
    yield index
    index.close()


@pytest.fixture
def other_process(folder: Path) -> Iterator[LanceFaceIndex]:
    index = LanceFaceIndex(str(folder), refresh_s=REFRESH_S)
    yield index
    index.close()


def a_face(person: str | None = "Ada", face_id: str = "", **more: object) -> EnrolledFace:
    embedding: NDArray[np.float32] = random.normal(size=LENGTH).astype(np.float32)
    return EnrolledFace(
        face_id=face_id or str(uuid.uuid4()),
        person=person,
        image_id="a.jpg",
        **{"embedding": embedding, **more},  # type: ignore[arg-type]
    )


def found(index: LanceFaceIndex, face: EnrolledFace) -> bool:
    matches = index.search(GALLERY, face.embedding[np.newaxis], limit=1)[0]
    return bool(matches) and matches[0].face_id == face.face_id


def files_with(folder: Path, trace: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if trace in path.read_bytes()]


def test_face_comes_back_as_it_was_put(index: LanceFaceIndex) -> None:
    face = a_face(
        "O'Neil",
        metadata={"shelf": "ä'b"},
        rejected=frozenset({"Bob", "Eve's"}),
        job_id="a job",
    )
    index.put(GALLERY, [face, a_face(None)])

    back = index.get(GALLERY, [face.face_id, str(uuid.uuid4()), "no'id"])

    assert np.array_equal(back[0].embedding, face.embedding)
    assert [(f.person, f.metadata, f.rejected, f.job_id) for f in back] == [
        ("O'Neil", {"shelf": "ä'b"}, frozenset({"Bob", "Eve's"}), "a job")
    ]


def test_persons_with_quotes_are_told_apart(index: LanceFaceIndex) -> None:
    persons = ["O'Neil", "O''Neil", "x' OR 'a'='a", 'say "hi"', "back\\slash"]
    index.put(GALLERY, [a_face(person) for person in persons])

    for person in persons:
        assert [f.person for f in index.page(GALLERY, limit=9, person=person)] == [person]


def test_pages_follow_in_order_of_ids(index: LanceFaceIndex) -> None:
    faces = [a_face() for _ in range(7)]
    index.put(GALLERY, faces)

    pages, after = [], ""
    while page := index.page(GALLERY, limit=3, after=after):
        pages.append([face.face_id for face in page])
        after = pages[-1][-1]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [face_id for page in pages for face_id in page] == sorted(f.face_id for f in faces)


def test_last_of_several_faces_with_one_id_is_kept(index: LanceFaceIndex) -> None:
    face = a_face("Ada")
    index.put(GALLERY, [face, a_face("Bob", face.face_id)])

    assert [kept.person for kept in index.page(GALLERY, limit=9)] == ["Bob"]


def test_embedding_of_another_length_is_refused(index: LanceFaceIndex) -> None:
    with pytest.raises(ModelMismatch, match="length 128"):
        index.put(GALLERY, [a_face(embedding=np.zeros(64, dtype=np.float32))])


@pytest.mark.parametrize("face_id", ["", "a' OR '1'='1", "886A230D-0B73-4A80-9350-7473DBA6BC34"])
def test_only_uuids_become_ids_of_faces(index: LanceFaceIndex, face_id: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        index.put(GALLERY, [EnrolledFace(**{**vars(a_face()), "face_id": face_id})])


def test_gallery_id_can_not_leave_the_folder(index: LanceFaceIndex) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        index.drop("../../etc")


def test_own_changes_are_found_at_once(folder: Path) -> None:
    index = LanceFaceIndex(str(folder), refresh_s=1000)
    index.create(GALLERY, length=LENGTH)
    first, second = a_face(), a_face()
    index.put(GALLERY, [first])
    assert found(index, first)

    index.put(GALLERY, [second])
    assert found(index, second)

    index.erase(GALLERY, [first.face_id])
    assert not found(index, first)
    index.close()


def test_dropped_gallery_leaves_memory_and_folder(
    index: LanceFaceIndex, other_process: LanceFaceIndex, folder: Path
) -> None:
    face = a_face()
    index.put(GALLERY, [face])
    assert found(other_process, face)

    index.drop(GALLERY)

    assert not [path for path in folder.rglob("*") if path.is_file()]
    wait_until(lambda: not other_process.states(), what="the gallery to leave memory")
    for each in (index, other_process):
        with pytest.raises(CollectionNotFound):
            found(each, face)
        with pytest.raises(CollectionNotFound):
            each.put(GALLERY, [face])


@pytest.fixture
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each write go into the table's files at once."""
    monkeypatch.setattr(lance_table, "_OVERFULL", 0)


def test_erased_face_leaves_no_trace_in_the_journal(index: LanceFaceIndex, folder: Path) -> None:
    face, other = a_face("Somebody Unusual"), a_face()
    index.put(GALLERY, [face, other])
    assert files_with(folder, face.embedding.tobytes()) == [GALLERY]

    index.erase(GALLERY, [face.face_id])

    for gone in (face.embedding.tobytes(), b"Somebody Unusual"):
        assert files_with(folder, gone) == []
    assert index.count(GALLERY) == 1


@pytest.mark.usefixtures("nothing_waits")
def test_erased_face_leaves_no_trace_in_large_and_older_files(
    index: LanceFaceIndex, folder: Path
) -> None:
    face = a_face("Somebody Unusual")
    index.put(GALLERY, [face, *(a_face() for _ in range(300))])
    index.put(GALLERY, [EnrolledFace(**{**vars(face), "person": "Renamed Afterwards"})])
    trace = face.embedding.tobytes()
    assert len(files_with(folder, trace)) == 2

    index.erase(GALLERY, [face.face_id])

    for gone in (trace, b"Somebody Unusual", b"Renamed Afterwards"):
        assert files_with(folder, gone) == []
    assert index.count(GALLERY) == 300


@pytest.mark.parametrize("in_table", [False, True])
@pytest.mark.parametrize("others", [0, 1, 300])
def test_no_file_has_the_id_of_an_erased_face(
    index: LanceFaceIndex,
    folder: Path,
    others: int,
    monkeypatch: pytest.MonkeyPatch,
    in_table: bool,
) -> None:
    monkeypatch.setattr(lance_table, "_OVERFULL", 0 if in_table else 2000)
    face, again = a_face(), a_face()
    index.put(GALLERY, [face, again, *(a_face() for _ in range(others))])
    index.put(GALLERY, [face])
    index.close()
    assert files_with(folder, face.face_id.encode())

    index.erase(GALLERY, [face.face_id])
    index.erase(GALLERY, [again.face_id])

    for gone in (face, again):
        assert files_with(folder, gone.face_id.encode()) == []
    assert index.count(GALLERY) == others


@pytest.mark.usefixtures("nothing_waits")
@pytest.mark.parametrize(
    ("place", "suffix"), [("data", ".lance"), ("_transactions", ".txn")], ids=["writer", "eraser"]
)
def test_file_of_a_killed_process_is_removed_once_it_is_old(
    index: LanceFaceIndex, folder: Path, place: str, suffix: str
) -> None:
    index.put(GALLERY, [a_face(), a_face()])
    files = folder / f"{GALLERY}.lance" / place
    old, young = files / f"1-abandoned{suffix}", files / f"1-being-written{suffix}"
    for file in (old, young):
        file.write_bytes(b"embeddings, or a condition")
    an_hour_ago_s = time.time() - 3600
    for file in files.iterdir():
        if file != young:
            os.utime(file, (an_hour_ago_s, an_hour_ago_s))

    index.erase(GALLERY, [a_face().face_id])

    assert (old.exists(), young.exists()) == (False, True)
    assert len(index.page(GALLERY, limit=9)) == 2


@pytest.mark.usefixtures("nothing_waits")
def test_many_small_puts_are_merged(index: LanceFaceIndex, folder: Path) -> None:
    faces = [a_face(f"person {n}") for n in range(140)]
    for face in faces:
        index.put(GALLERY, [face])

    data_files = list((folder / f"{GALLERY}.lance" / "data").iterdir())

    assert index.count(GALLERY) == 140
    assert len(data_files) < 3 * 140 / 2
    assert all(found(index, face) for face in faces)


def test_many_changes_are_read_all_at_once(
    index: LanceFaceIndex, other_process: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance_snapshot, "_TAKEN_SINGLY", 5)
    faces, more = [a_face() for _ in range(30)], [a_face() for _ in range(20)]
    index.put(GALLERY, faces)
    assert all(found(other_process, face) for face in faces)

    index.put(GALLERY, more)
    index.erase(GALLERY, [face.face_id for face in faces[::2]])
    wait_until(lambda: not found(other_process, faces[0]), what="the erasure")

    assert [found(other_process, face) for face in faces] == [False, True] * 15
    assert all(found(other_process, face) for face in more)


def test_batches_without_a_wanted_row_do_no_harm(
    index: LanceFaceIndex, folder: Path, nothing_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance_snapshot, "_TAKEN_SINGLY", 0)
    for _ in range(3):  # one fragment each, and so one batch
        index.put(GALLERY, [a_face()])

    journal = Journal(MemoryStore(), GALLERY)

    def first(snapshot: Snapshot | JournalSnapshot) -> list[ReplicaRows]:
        assert isinstance(snapshot, Snapshot)  # nothing is known yet that a journal could change
        return list(snapshot.rows(np.sort(snapshot.addresses())[:1]))

    rows = LanceTable(renewable_connection(str(folder), {}), journal, GALLERY).read(first)

    assert sorted(len(batch) for batch in rows) == [0, 0, 1]
    assert {batch.embeddings.shape[1] for batch in rows} == {LENGTH}


def test_refreshing_outlives_a_bug(
    index: LanceFaceIndex, other_process: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = a_face()
    index.put(GALLERY, [face])
    assert found(other_process, face)
    with monkeypatch.context() as broken:
        broken.setattr(GalleryReplica, "follow", lambda *_: 1 / 0)
        wait_until(lambda: not other_process.states(), what="the gallery to be unloaded")

    index.erase(GALLERY, [face.face_id])

    wait_until(lambda: not found(other_process, face), what="the erasure")


def test_gallery_is_loaded_in_the_background(
    index: LanceFaceIndex, other_process: LanceFaceIndex
) -> None:
    index.put(GALLERY, [a_face()])

    assert other_process.states() == {}

    other_process.warm([GALLERY])

    wait_until(lambda: other_process.states() == {GALLERY: "exact"}, what="the gallery")


def test_large_gallery_is_searched_by_an_index(folder: Path) -> None:
    index = LanceFaceIndex(str(folder), refresh_s=REFRESH_S, exact_max=100)
    index.create(GALLERY, length=LENGTH)
    faces = [a_face() for _ in range(150)]
    index.put(GALLERY, faces)
    assert found(index, faces[0])
    wait_until(lambda: index.states() == {GALLERY: "index"}, what="the index")

    more = [a_face() for _ in range(200)]
    index.put(GALLERY, more)

    assert found(index, faces[0])
    assert found(index, more[0])
    wait_until(lambda: index.states() == {GALLERY: "index"}, what="the index")
    index.close()


def test_storage_options_are_those_of_localstack_or_of_aws() -> None:
    local = storage_options(
        Settings(
            _env_file=None,
            aws_endpoint_url="http://localhost:4566/",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
    )
    aws = storage_options(Settings(_env_file=None))

    assert local["aws_endpoint"] == "http://localhost:4566"
    assert local["allow_http"] == "true"
    assert (local["aws_access_key_id"], local["aws_secret_access_key"]) == ("a", "b")
    assert (
        not {"aws_endpoint", "aws_endpoint_url_s3", "allow_http", "aws_access_key_id"} & aws.keys()
    )


def test_import_of_lancedb_does_not_count_against_the_time_to_open_a_table(folder: Path) -> None:
    index = LanceFaceIndex(str(folder))
    index.create(GALLERY, length=LENGTH)
    connected_in: list[str] = []
    connection = renewable_connection(str(folder), {})

    def connect() -> LanceConnection:
        connected_in.append(threading.current_thread().name)
        return connection.current

    table = LanceTable(
        Renewable(connect, is_refusal=lambda _: False), Journal(MemoryStore(), GALLERY), GALLERY
    )

    assert table.faces.count() == 0
    assert connected_in == [threading.current_thread().name]
