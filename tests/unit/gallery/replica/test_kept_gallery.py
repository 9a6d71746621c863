"""How old the knowledge of a gallery in memory may be, and what it costs to keep it young."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from core.errors import StorageUnavailable
from core.gallery.changes import StoredChanges, Watch
from core.gallery.replica.cache import GalleryCache
from core.gallery.replica.kept_gallery import KeptGallery
from core.gallery.replica.replica import GalleryReplica
from core.ports import EnrolledFace
from core.testing import ManualClock, MemoryStore
from harness.waiting import wait_until
from tests.support.stored_gallery import LENGTH, StoredInMemory

MAX_AGE_S = 2
FACE = EnrolledFace(
    face_id="6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11",
    person="Ada",
    image_id="a.jpg",
    embedding=np.ones(LENGTH, dtype=np.float32),
)


@dataclass(kw_only=True)
class Bucket:
    """Galleries of a bucket, which writers change and tell of."""

    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    galleries: dict[str, StoredInMemory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = StoredChanges(self.store)
        self.watch = Watch(StoredChanges(self.store), clock=self.clock)

    def load(self, gallery_id: str) -> GalleryReplica:
        stored = self.galleries.setdefault(gallery_id, StoredInMemory())
        return GalleryReplica(stored, exact_max=100, compressed=False)

    def keep(self, gallery_id: str = "ada") -> KeptGallery:
        kept = KeptGallery(gallery_id, self.load, watch=self.watch, clock=self.clock)
        kept.catch_up(max_age_s=MAX_AGE_S)
        return kept

    def put(self, gallery_id: str = "ada") -> None:
        self.galleries[gallery_id].put(FACE)
        self.writer.announce(gallery_id)

    def reads(self) -> int:
        return sum(stored.reads for stored in self.galleries.values())


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def cache(bucket: Bucket) -> Iterator[GalleryCache]:
    cache = GalleryCache(bucket.load, watch=Watch(StoredChanges(bucket.store)), refresh_s=0.01)
    yield cache
    cache.close()


def knows(kept: KeptGallery) -> bool:
    return bool(kept.gallery.search(FACE.embedding[np.newaxis], limit=1)[0])


def test_gallery_that_has_not_changed_is_read_once(bucket: Bucket) -> None:
    kept = bucket.keep()

    for _ in range(5):
        bucket.clock.advance(MAX_AGE_S)
        kept.catch_up(max_age_s=MAX_AGE_S)

    assert bucket.reads() == 1


def test_change_is_known_once_the_knowledge_would_be_too_old(bucket: Bucket) -> None:
    kept = bucket.keep()
    bucket.put()

    bucket.clock.advance(MAX_AGE_S)
    kept.catch_up(max_age_s=MAX_AGE_S)

    assert knows(kept)


def test_knowledge_that_is_young_enough_costs_no_request(bucket: Bucket) -> None:
    kept = bucket.keep()

    asked, reads = bucket.store.gets, bucket.reads()

    bucket.clock.advance(MAX_AGE_S - 1)
    kept.catch_up(max_age_s=MAX_AGE_S)

    assert (bucket.store.gets, bucket.reads()) == (asked, reads)


def test_change_that_was_only_seen_may_be_read_until_the_knowledge_is_too_old(
    bucket: Bucket,
) -> None:
    kept = bucket.keep()
    bucket.put()
    bucket.clock.advance(1)
    bucket.watch.look(max_age_s=0)

    kept.catch_up(max_age_s=MAX_AGE_S)
    assert (kept.is_behind, knows(kept)) == (True, False)

    bucket.clock.advance(1)
    kept.catch_up(max_age_s=MAX_AGE_S)
    assert (kept.is_behind, knows(kept)) == (False, True)


def test_knowledge_stays_too_old_while_a_change_can_not_be_read(bucket: Bucket) -> None:
    kept = bucket.keep()
    bucket.put()
    bucket.galleries["ada"].available = False

    for _ in range(3):
        bucket.clock.advance(MAX_AGE_S)
        with pytest.raises(StorageUnavailable):
            kept.catch_up(max_age_s=MAX_AGE_S)

    bucket.galleries["ada"].available = True
    kept.catch_up(max_age_s=MAX_AGE_S)
    assert knows(kept)


def test_knowledge_is_too_old_when_the_bell_can_not_be_asked(bucket: Bucket) -> None:
    kept = bucket.keep()
    bucket.store.available = False
    bucket.clock.advance(MAX_AGE_S)

    with pytest.raises(StorageUnavailable):
        kept.catch_up(max_age_s=MAX_AGE_S)


def test_change_that_comes_while_the_gallery_is_read_is_not_missed(bucket: Bucket) -> None:
    bucket.watch.look(max_age_s=0)
    gallery = bucket.load("ada")
    stored = bucket.galleries["ada"]
    read_now = gallery.follow

    def follow() -> None:
        read_now()
        bucket.put()
        bucket.clock.advance(MAX_AGE_S)
        bucket.watch.look(max_age_s=0)  # the thread that looks does so meanwhile

    gallery.follow = follow  # type: ignore[method-assign]
    kept = KeptGallery("ada", lambda _: gallery, watch=bucket.watch, clock=bucket.clock)
    kept.catch_up(max_age_s=MAX_AGE_S)
    gallery.follow = read_now  # type: ignore[method-assign]

    assert kept.is_behind
    kept.catch_up(max_age_s=MAX_AGE_S)
    assert (knows(kept), stored.reads) == (True, 2)


@pytest.mark.parametrize("galleries", [3, 300])
def test_idle_shelf_asks_for_nothing_but_the_bell(
    bucket: Bucket, cache: GalleryCache, galleries: int
) -> None:
    cache.warm([str(number) for number in range(galleries)])
    wait_until(lambda: set(cache.states().values()) == {"exact"}, what="the galleries")
    reads, listings, gets = bucket.reads(), bucket.store.listings, bucket.store.gets

    wait_until(lambda: bucket.store.gets >= gets + 20, what="twenty looks")

    assert bucket.reads() - reads <= 1  # that one which is read without a word
    assert bucket.store.listings == listings


def test_cache_reads_only_what_has_changed(bucket: Bucket, cache: GalleryCache) -> None:
    galleries = [str(number) for number in range(30)]
    for gallery_id in galleries:
        bucket.writer.announce(gallery_id)
    cache.warm(galleries)
    wait_until(lambda: set(cache.states().values()) == {"exact"}, what="the galleries")
    before = {gallery_id: stored.reads for gallery_id, stored in bucket.galleries.items()}

    bucket.put("7")
    wait_until(
        lambda: cache.search("7", FACE.embedding[np.newaxis], limit=1)[0], what="the new face"
    )

    more = [id_ for id_, stored in bucket.galleries.items() if stored.reads > before[id_]]
    assert "7" in more
    assert len(more) <= 2


def test_gallery_of_a_writer_that_told_nobody_is_read_in_the_end(bucket: Bucket) -> None:
    clock = ManualClock()
    cache = GalleryCache(
        bucket.load, watch=Watch(StoredChanges(bucket.store)), refresh_s=0.01, clock=clock
    )
    cache.warm(["ada", "bob"])
    wait_until(lambda: list(cache.states().values()) == ["exact"] * 2, what="the galleries")
    reads = bucket.galleries["ada"].reads
    bucket.galleries["ada"].put(FACE)

    def found() -> bool:
        clock.advance(5)
        return bool(cache.search("ada", FACE.embedding[np.newaxis], limit=1)[0])

    wait_until(found, what="the face")
    cache.close()
    assert bucket.galleries["ada"].reads > reads


def test_gallery_that_nobody_uses_is_unloaded(bucket: Bucket) -> None:
    clock = ManualClock()
    cache = GalleryCache(
        bucket.load, watch=Watch(StoredChanges(bucket.store)), refresh_s=0.01, clock=clock
    )
    cache.search("ada", FACE.embedding[np.newaxis], limit=1)

    clock.advance(599)
    assert cache.states() == {"ada": "exact"}
    clock.advance(2)

    wait_until(lambda: not cache.states(), what="the gallery to be unloaded")
    cache.close()


def test_galleries_are_forgotten_when_they_could_not_be_loaded_ahead(
    bucket: Bucket, cache: GalleryCache, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.store.available = False

    cache.warm(["ada", "bob"])

    wait_until(lambda: not cache.states(), what="the galleries to be forgotten")
    assert "galleries can't be refreshed" in caplog.messages
    assert set(bucket.galleries) == {"ada", "bob"}
    assert bucket.reads() == 0
