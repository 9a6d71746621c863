"""What a process that starts loads first."""

from collections.abc import Sequence

import pytest

from core.collections.recent_collections import RecentCollections, keep_warm
from core.collections.registry import Collections
from core.ground.storage_keys import RECENT_COLLECTIONS
from core.testing import MemoryFaceIndex, MemoryStore
from tests.support.faces import MODEL


class Stopped(Exception):
    """Raised where a process would go on for ever."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def process(store: MemoryStore) -> tuple[Collections, RecentCollections]:
    collections = Collections(store, MemoryFaceIndex(), refresh_s=1)
    return collections, RecentCollections(store, collections)


def make(store: MemoryStore, *ids: str, bound: bool = True) -> None:
    collections, _ = process(store)
    for collection_id in ids:
        made = collections.create(collection_id)
        if bound:
            collections.bind(made, MODEL, length=128)


def loaded(recent: RecentCollections, *, minutes: int = 0) -> list[Sequence[str]]:
    """Return what was loaded by a process that ran for so many minutes."""
    loads: list[Sequence[str]] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if len(slept) == minutes:
            raise Stopped
        slept.append(seconds)

    with pytest.raises(Stopped):
        keep_warm(recent, loads.append, sleep)
    return loads


def test_collections_that_were_used_last_are_loaded_first(store: MemoryStore) -> None:
    make(store, "a", "b", "c", "d")
    collections, recent = process(store)
    for collection_id in ("a", "b", "c", "a"):
        collections.get(collection_id)
    recent.note()

    others, recent_of_others = process(store)

    (galleries,) = loaded(recent_of_others)
    assert galleries == [others.get(each).gallery_id for each in ("a", "c", "b")]


def test_without_a_note_some_collections_are_loaded(store: MemoryStore) -> None:
    make(store, "a", "b")
    collections, recent = process(store)

    assert loaded(recent) == [[collections.get(each).gallery_id for each in ("a", "b")]]


def test_no_more_are_loaded_than_the_note_may_hold(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.collections.recent_collections.MOST", 3)
    make(store, *(f"tenant-{number}" for number in range(9)))
    _, recent = process(store)

    (galleries,) = loaded(recent)

    assert len(galleries) == 3


def test_collections_without_faces_and_erased_ones_are_passed_over(store: MemoryStore) -> None:
    make(store, "erased", "full")
    make(store, "empty", bound=False)
    collections, recent = process(store)
    for collection_id in ("erased", "full", "empty"):
        collections.get(collection_id)
    recent.note()
    collections.begin_erasure("erased")

    others, recent_of_others = process(store)

    assert loaded(recent_of_others) == [[others.get("full").gallery_id]]


@pytest.mark.parametrize("note", [b"", b"no JSON", b"[1, null]", b"{}"])
def test_note_that_can_not_be_read_does_no_harm(store: MemoryStore, note: bytes) -> None:
    make(store, "a")
    store.objects[RECENT_COLLECTIONS] = note
    collections, recent = process(store)

    assert loaded(recent) == [[collections.get("a").gallery_id]]


def test_idle_process_leaves_no_further_note(store: MemoryStore) -> None:
    make(store, "a")
    _, recent = process(store)
    loaded(recent, minutes=1)
    store.objects[RECENT_COLLECTIONS] = b"of another process"

    recent.note()

    assert store.objects[RECENT_COLLECTIONS] == b"of another process"


def test_start_goes_on_without_s3(store: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    make(store, "a")
    collections, recent = process(store)
    collections.get("a")
    store.available = False

    assert loaded(recent, minutes=1) == []

    assert [record.message for record in caplog.records] == [
        "no gallery was loaded ahead",
        "recent collections were not noted",
    ]
