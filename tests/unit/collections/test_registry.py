"""Named sets of people: made, found, bound to a model, closed, forgotten."""

import threading
from dataclasses import dataclass, field

import pytest

from core.collections.registry import Collections
from core.errors import (
    CollectionExists,
    CollectionNotFound,
    InvalidCollectionId,
    ModelMismatch,
    StorageUnavailable,
)
from core.ground.storage_keys import COLLECTIONS
from core.ports import StoredObject
from core.testing import ManualClock, MemoryFaceIndex, MemoryStore
from tests.support.adversary import Process, Trouble
from tests.support.faces import MODEL, OTHER_MODEL

REFRESH_S = 5
WRITE = 3
"""Of the calls to the bucket, by who looks at the changes and reads a collection first."""


@dataclass(kw_only=True)
class Bucket:
    """The gallery bucket, and processes that share it."""

    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    index: MemoryFaceIndex = field(default_factory=MemoryFaceIndex)

    def process(self, process: Process | None = None) -> Collections:
        process = process or Process()
        return Collections(
            process.store(self.store), self.index, refresh_s=REFRESH_S, clock=self.clock
        )


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def collections(bucket: Bucket) -> Collections:
    return bucket.process()


def test_made_collection_is_found_with_all_that_was_said(collections: Collections) -> None:
    made = collections.create("family", threshold=90, metadata={"owner": "Ada"})

    assert collections.get("family") == made
    assert (made.threshold, made.metadata, made.model) == (90, {"owner": "Ada"}, None)


def test_second_collection_of_an_id_is_refused(collections: Collections) -> None:
    collections.create("family")

    with pytest.raises(CollectionExists, match="family"):
        collections.create("family")


def test_unknown_collection_is_not_found(collections: Collections) -> None:
    with pytest.raises(CollectionNotFound, match="nobody"):
        collections.get("nobody")


@pytest.mark.parametrize("odd", ["", "a/b", "..\\x", "x" * 101, "ü", "a b", "a\n", "a\x00"])
def test_odd_id_reaches_no_path(bucket: Bucket, odd: str) -> None:
    for action in (bucket.process().create, bucket.process().get, bucket.process().begin_erasure):
        with pytest.raises(InvalidCollectionId):
            action(odd)

    assert bucket.store.objects == {}


@pytest.mark.parametrize("fine", ["A", "x" * 100, "a.b-c_D9", "..", "a.json"])
def test_any_other_id_is_accepted(collections: Collections, fine: str) -> None:
    collections.create(fine)

    assert [found.collection_id for found in collections.page(limit=10)] == [fine]


def test_default_collection_makes_itself(collections: Collections) -> None:
    made = collections.get("default")

    assert collections.get("default") == made


def test_default_collection_made_by_two_processes_at_once_is_one(bucket: Bucket) -> None:
    def make_first() -> None:
        if process.calls == WRITE:
            bucket.process().get("default")

    process = Process(before_call=make_first)

    assert bucket.process(process).get("default") == bucket.process().get("default")


def test_pages_hold_every_collection_once(collections: Collections) -> None:
    ids = ["a", "a-b", "a.b", "a.json", "b", "B", "c" * 100]
    for collection_id in ids:
        collections.create(collection_id)

    listed: list[str] = []
    while page := collections.page(limit=2, after=listed[-1] if listed else ""):
        assert len(page) <= 2
        listed += [found.collection_id for found in page]

    assert sorted(listed) == sorted(ids)


def test_collections_of_a_page_are_read_several_at_a_time(bucket: Bucket) -> None:
    class Together(MemoryStore):
        """Answers only once four are asking."""

        together = threading.Barrier(4)

        def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
            if key.startswith(COLLECTIONS):
                self.together.wait(30)
            return super().get(key, max_bytes=max_bytes)

    for number in range(8):
        bucket.process().create(f"tenant-{number}")
    store = Together()
    store.objects = bucket.store.objects

    assert len(Collections(store, bucket.index, refresh_s=1).page(limit=100)) == 8


def test_change_by_another_process_is_seen_after_the_refresh_time(bucket: Bucket) -> None:
    reader, writer = bucket.process(), bucket.process()
    writer.create("family")
    reader.get("family")
    writer.delete_record(writer.begin_erasure("family"))

    bucket.clock.advance(REFRESH_S - 1)
    assert reader.get("family")

    bucket.clock.advance(1)
    with pytest.raises(CollectionNotFound):
        reader.get("family")


def test_known_collection_is_not_looked_up_again_before_the_refresh_time(bucket: Bucket) -> None:
    reader = bucket.process()
    reader.get("default")
    bucket.store.available = False

    assert reader.get("default")


def test_unchanged_collections_are_not_read_again(bucket: Bucket) -> None:
    reader = bucket.process()
    ids = [f"tenant-{number}" for number in range(50)]
    for collection_id in ids:
        reader.create(collection_id)
        reader.get(collection_id)
    bucket.store.gets = bucket.store.listings = 0

    bucket.clock.advance(REFRESH_S)
    for collection_id in ids:
        reader.get(collection_id)

    assert (bucket.store.gets, bucket.store.listings) == (1, 0)  # the bell


def test_change_that_nobody_was_told_of_is_seen_in_the_end(bucket: Bucket) -> None:
    reader, writer = bucket.process(), bucket.process(Process({WRITE + 1: Trouble.REFUSED}))
    reader.create("family")
    reader.get("family")
    with pytest.raises(StorageUnavailable):
        writer.begin_erasure("family")

    bucket.clock.advance(60)

    with pytest.raises(CollectionNotFound):
        reader.get("family")


def test_first_face_binds_the_model_and_makes_the_gallery(
    bucket: Bucket, collections: Collections
) -> None:
    made = collections.create("family")

    bound = collections.bind(made, MODEL, length=128)

    assert bound.model == MODEL
    assert bound.gallery_id in bucket.index.galleries
    assert bucket.process().get("family") == bound


def test_other_model_is_refused(collections: Collections) -> None:
    bound = collections.bind(collections.create("family"), MODEL, length=128)

    with pytest.raises(ModelMismatch, match=r"test-model.*other-model"):
        collections.bind(bound, OTHER_MODEL, length=128)


def test_of_two_models_at_once_the_first_is_bound(bucket: Bucket) -> None:
    def bind_other_first() -> None:
        if process.calls == WRITE:
            bucket.process().bind(made, OTHER_MODEL, length=128)

    made = bucket.process().create("family")
    process = Process(before_call=bind_other_first)

    with pytest.raises(ModelMismatch):
        bucket.process(process).bind(made, MODEL, length=128)


def test_closed_collection_is_not_found_though_it_was_just_now(collections: Collections) -> None:
    made = collections.create("family")
    collections.get("family")

    collections.begin_erasure("family")

    with pytest.raises(CollectionNotFound):
        collections.get("family")
    assert not collections.is_current(made)


def test_closed_collection_keeps_its_id_until_it_is_forgotten(collections: Collections) -> None:
    collections.create("family")
    collections.begin_erasure("family")

    with pytest.raises(CollectionExists):
        collections.create("family")
    assert [found.state for found in collections.page(limit=10)] == ["erasing"]


def test_erasure_that_broke_off_can_begin_again(bucket: Bucket) -> None:
    made = bucket.process().create("family")
    with pytest.raises(StorageUnavailable):
        bucket.process(Process({WRITE + 1: Trouble.REFUSED})).begin_erasure("family")

    again = bucket.process().begin_erasure("family")

    assert again == made.model_copy(update={"state": "erasing"})


def test_erasing_what_is_not_there_is_not_found(collections: Collections) -> None:
    with pytest.raises(CollectionNotFound):
        collections.begin_erasure("family")


def test_erasing_while_others_change_it_is_refused(bucket: Bucket) -> None:
    def bind_first() -> None:
        if process.calls == WRITE:
            bucket.process().bind(made, MODEL, length=128)

    made = bucket.process().create("family")
    process = Process(before_call=bind_first)

    with pytest.raises(StorageUnavailable, match="changed by others"):
        bucket.process(process).begin_erasure("family")


def test_collection_created_again_shares_no_gallery_with_the_former(
    collections: Collections,
) -> None:
    former = collections.create("family")
    collections.delete_record(collections.begin_erasure("family"))

    assert collections.create("family").gallery_id != former.gallery_id
    assert not collections.is_current(former)


def test_default_collection_that_is_being_erased_is_not_created_again(
    collections: Collections,
) -> None:
    collections.get("default")
    collections.begin_erasure("default")

    with pytest.raises(CollectionNotFound):
        collections.get("default")
