"""Faces on their way from a gallery's journal into its table, and processes that die or stall."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import CollectionNotFound
from core.gallery.lance import claims
from core.gallery.lance import table as lance_table
from core.gallery.lance.folding import Folder
from core.gallery.lance.index import LanceFaceIndex
from core.ground.storage_keys import journal_key
from core.ports import EnrolledFace
from core.testing import MemoryStore

GALLERY = "0123456789abcdef0123456789abcdef"
LENGTH = 16
FULL = 5
random = np.random.default_rng(3)


class Killed(BaseException):
    """Stands for a process that is killed; nothing in it runs any more."""


@pytest.fixture(autouse=True)
def small_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a writer fold what it finds, and wait for that, once there are some faces."""
    monkeypatch.setattr(lance_table, "_OVERFULL", FULL - 1)


@pytest.fixture
def journals() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def process(tmp_path: Path, journals: MemoryStore) -> Iterator[Callable[[], LanceFaceIndex]]:
    """Return what starts a process of its own on the same galleries."""
    started: list[LanceFaceIndex] = []

    def start() -> LanceFaceIndex:
        started.append(LanceFaceIndex(str(tmp_path), journals, refresh_s=0.05))
        return started[-1]

    start().create(GALLERY, length=LENGTH)
    yield start
    for index in started:
        index.close()


def a_face(person: str = "Ada", face_id: str = "") -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id or str(uuid.uuid4()),
        person=person,
        image_id="a.jpg",
        embedding=random.normal(size=LENGTH).astype(np.float32),
    )


def put_singly(index: LanceFaceIndex, faces: list[EnrolledFace]) -> None:
    for face in faces:
        index.put(GALLERY, [face])


def check_holds(index: LanceFaceIndex, *faces: EnrolledFace) -> None:
    """Check that a gallery holds exactly these faces, each once, however it is read."""
    ids = sorted(face.face_id for face in faces)
    index.refresh(GALLERY, max_age_s=0)
    found = [
        match.face_id
        for face in faces
        for match in index.search(GALLERY, face.embedding[np.newaxis], limit=50)[0]
        if match.distance < 1e-3
    ]
    assert sorted(found) == ids
    assert index.count(GALLERY) == len(faces)
    assert [face.face_id for face in index.page(GALLERY, limit=100)] == ids
    assert sorted(face.face_id for face in index.get(GALLERY, ids)) == ids
    assert {f.face_id: f.person for f in index.get(GALLERY, ids)} == {
        f.face_id: f.person for f in faces
    }


def in_journal(journals: MemoryStore, face: EnrolledFace) -> bool:
    return face.face_id.encode() in journals.objects[journal_key(GALLERY)]


def before(
    monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], object]
) -> Callable[[], None]:
    """Let something happen the next time that a folder does that; return what calls it off."""
    original: Callable[..., Any] = getattr(Folder, name)

    def call(*arguments: Any) -> Any:
        monkeypatch.setattr(Folder, name, original)
        action()
        return original(*arguments)

    monkeypatch.setattr(Folder, name, call)
    return lambda: monkeypatch.setattr(Folder, name, original)


def kill() -> None:
    raise Killed


def test_faces_are_in_the_journal_first_and_in_the_table_later(
    process: Callable[[], LanceFaceIndex], journals: MemoryStore
) -> None:
    writer, reader = process(), process()
    faces = [a_face() for _ in range(FULL + 2)]
    for stored, face in enumerate(faces, start=1):
        writer.put(GALLERY, [face])
        check_holds(reader, *faces[:stored])

    assert [in_journal(journals, face) for face in faces] == [False] * FULL + [True] * 2


def test_writers_that_collide_lose_nothing_of_each_other(
    process: Callable[[], LanceFaceIndex],
) -> None:
    one, other = process(), process()
    faces = [a_face() for _ in range(2 * FULL)]
    for mine, theirs in zip(faces[::2], faces[1::2], strict=True):
        one.put(GALLERY, [mine])
        other.put(GALLERY, [theirs])

    check_holds(process(), *faces)
    check_holds(one, *faces)


def test_face_of_two_writers_is_stored_once(process: Callable[[], LanceFaceIndex]) -> None:
    one, other = process(), process()
    face = a_face("Ada")
    one.put(GALLERY, [face])
    other.put(GALLERY, [a_face("Bob", face.face_id)])
    others = [a_face() for _ in range(FULL)]
    put_singly(one, others)

    newest = a_face("Eve", face.face_id)
    other.put(GALLERY, [newest])
    check_holds(one, newest, *others)

    more = [a_face() for _ in range(FULL)]
    put_singly(other, more)
    check_holds(process(), newest, *others, *more)


@pytest.mark.parametrize("moment", ["_store", "_release"])
def test_fold_that_was_killed_is_finished_by_another_process(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    dying, other = process(), process()
    faces = [a_face() for _ in range(FULL)]
    before(monkeypatch, moment, kill)
    with pytest.raises(Killed):
        put_singly(dying, faces)
    check_holds(other, *faces)

    monkeypatch.setattr(claims, "_ABANDONED_AFTER_S", 0)
    more = [a_face() for _ in range(2 * FULL)]
    put_singly(other, more)

    check_holds(other, *faces, *more)
    check_holds(process(), *faces, *more)


def test_killed_writer_of_many_faces_leaves_none_twice(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    dying, other = process(), process()
    faces = [a_face() for _ in range(3 * FULL)]
    before(monkeypatch, "_release", kill)
    with pytest.raises(Killed):
        dying.put(GALLERY, faces)
    other.put(GALLERY, faces[:2])
    check_holds(other, *faces)

    monkeypatch.setattr(claims, "_ABANDONED_AFTER_S", 0)
    other.put(GALLERY, faces)

    check_holds(process(), *faces)


def test_stalled_fold_brings_no_erased_face_back(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stalling, other = process(), process()
    faces = [a_face() for _ in range(FULL)]
    monkeypatch.setattr(claims, "_ABANDONED_AFTER_S", 0)
    before(monkeypatch, "_store", lambda: other.erase(GALLERY, [faces[0].face_id]))

    put_singly(stalling, faces)  # goes on in vain once it is awake, and begins again

    check_holds(process(), *faces[1:])
    trace = faces[0].embedding.tobytes()
    assert [
        path for path in tmp_path.rglob("*.lance") if path.is_file() and trace in path.read_bytes()
    ] == []


def test_stalled_fold_leaves_no_face_twice(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    stalling, other = process(), process()
    faces, more = [a_face() for _ in range(FULL)], [a_face() for _ in range(FULL)]
    monkeypatch.setattr(claims, "_ABANDONED_AFTER_S", 0)
    before(monkeypatch, "_store", lambda: put_singly(other, more))

    put_singly(stalling, faces)

    check_holds(process(), *faces, *more)


@pytest.mark.parametrize("moment", ["_store", "_release"])
def test_what_is_written_and_read_during_a_fold_is_right(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    folding_one, other = process(), process()
    faces = [a_face() for _ in range(FULL)]
    again, more = a_face("Renamed", faces[0].face_id), [a_face() for _ in range(FULL - 2)]
    check_holds(other)

    def meanwhile() -> None:
        check_holds(other, *faces)
        check_holds(process(), *faces)
        monkeypatch.setattr(lance_table, "_OVERFULL", 100)
        put_singly(other, [again, *more])
        monkeypatch.setattr(lance_table, "_OVERFULL", FULL - 1)
        check_holds(other, again, *faces[1:], *more)

    before(monkeypatch, moment, meanwhile)
    put_singly(folding_one, faces)

    for index in (folding_one, other, process()):
        check_holds(index, again, *faces[1:], *more)
    last = [a_face() for _ in range(FULL)]
    put_singly(folding_one, last)
    for index in (folding_one, other, process()):
        check_holds(index, again, *faces[1:], *more, *last)


def test_gallery_without_a_journal_is_given_one(
    process: Callable[[], LanceFaceIndex], journals: MemoryStore
) -> None:
    process().put(GALLERY, old := [a_face() for _ in range(FULL)])
    del journals.objects[journal_key(GALLERY)]
    writer = process()
    check_holds(writer, *old)

    writer.put(GALLERY, [again := a_face("Renamed", old[0].face_id)])

    check_holds(process(), again, *old[1:])
    writer.erase(GALLERY, [old[1].face_id])
    check_holds(writer, again, *old[2:])


def test_journal_of_a_dropped_gallery_does_not_come_back(
    process: Callable[[], LanceFaceIndex], journals: MemoryStore
) -> None:
    writer, other = process(), process()
    writer.put(GALLERY, [a_face()])
    other.drop(GALLERY)

    with pytest.raises(CollectionNotFound):
        writer.put(GALLERY, [a_face()])

    assert journals.objects == {}


@pytest.mark.parametrize("moment", ["_move", "_store", "_release"])
def test_gallery_that_is_dropped_during_a_fold_ends_it_without_an_error(
    process: Callable[[], LanceFaceIndex],
    journals: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    writer, other = process(), process()
    monkeypatch.setattr(lance_table, "_OVERFULL", 1000)  # no fold but that beside the writer
    monkeypatch.setattr(lance_table, "_FULL", FULL)
    before(monkeypatch, moment, lambda: other.drop(GALLERY))

    put_singly(writer, [a_face() for _ in range(FULL)])
    writer.close()  # pytest reports an error in the fold's thread

    assert journals.objects == {}


def test_threads_that_fill_a_journal_leave_no_face_twice(
    process: Callable[[], LanceFaceIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance_table, "_OVERFULL", 1000)
    monkeypatch.setattr(lance_table, "_FULL", FULL)
    writers = [process(), process()]
    faces = [a_face() for _ in range(60)]

    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda place: writers[place % 2].put(GALLERY, [faces[place]]), range(len(faces))
            )
        )

    check_holds(process(), *faces)
    for writer in writers:
        writer.close()
    check_holds(process(), *faces)
    check_holds(writers[0], *faces)
