"""Photos that are enrolled at the same moment share one write."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from core.collections.enrolment import Enroller
from core.collections.enrolment_batching import EnrolmentGroups
from core.collections.registry import Collections
from core.errors import CollectionNotFound, Erased, IndexUnavailable
from core.ground.ids import new_id
from core.jobs.index_job import IndexDone, IndexJob
from core.ports import EnrolledFace
from core.testing import MemoryFaceIndex, MemoryStore
from harness.waiting import wait_until
from tests.support.faces import face, recognition


class SlowIndex(MemoryFaceIndex):
    """Notes every write, and holds it up until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.away = False
        self.writes: list[list[str]] = []

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        self.writes.append([face.image_id for face in faces])
        if not self.let_go.wait(10):
            raise TimeoutError("nobody let the write go")
        if self.away:
            raise IndexUnavailable("the index was switched off by the test")
        super().put(gallery_id, faces)


@dataclass(kw_only=True)
class Tier:
    index: SlowIndex = field(default_factory=SlowIndex)
    apart_s: float = 0

    def __post_init__(self) -> None:
        self.collections = Collections(MemoryStore(), self.index, refresh_s=0)
        self.collections.create("family")
        self.enroller = Enroller(self.collections, self.index)
        self.groups = EnrolmentGroups(self.enroller, apart_s=self.apart_s)
        self.threads = ThreadPoolExecutor(50)

    def enrol(self, image_id: str, collection_id: str = "family") -> Future[IndexDone]:
        job = IndexJob(
            collection_id=collection_id,
            job_id=new_id(),
            image_id=image_id,
            s3_bucket="in",
            s3_key=image_id,
        )
        return self.threads.submit(self.groups.enrol, job, recognition(face(0.5)))

    def gathered(self, count: int) -> bool:
        return sum(len(group._photos) for group in self.groups._gathering.values()) == count


@pytest.fixture
def tier() -> Iterator[Tier]:
    tier = Tier()
    yield tier
    tier.index.let_go.set()
    tier.threads.shutdown()


def images(done: Sequence[Future[IndexDone]]) -> list[str]:
    return [each.result(timeout=10).image_id for each in done]


def test_photos_that_come_during_a_write_share_the_next(tier: Tier) -> None:
    first = tier.enrol("first")
    wait_until(lambda: tier.index.writes)
    others = [tier.enrol(f"other {n}") for n in range(5)]
    wait_until(lambda: tier.gathered(5))

    tier.index.let_go.set()

    assert images([first, *others]) == ["first", *(f"other {n}" for n in range(5))]
    assert len(tier.index.writes) == 2


def test_same_image_is_not_twice_in_one_write(tier: Tier) -> None:
    first = tier.enrol("first")
    wait_until(lambda: tier.index.writes)
    twice = [tier.enrol("twice"), tier.enrol("twice")]
    wait_until(lambda: len(tier.threads._threads) == 3)

    tier.index.let_go.set()

    assert images([first, *twice]) == ["first", "twice", "twice"]
    assert all(len(set(write)) == len(write) for write in tier.index.writes)


def test_photo_that_cannot_be_enrolled_does_no_harm_to_the_others(tier: Tier) -> None:
    tier.index.let_go.set()
    lost = tier.enrol("lost", "nobody")

    with pytest.raises(CollectionNotFound):
        lost.result(timeout=10)
    assert images([tier.enrol("found")]) == ["found"]


def test_bug_of_one_photo_leaves_its_group_enrolled(
    tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meets_a_bug(photos: Sequence[object]) -> list[IndexDone | Erased]:
        if len(photos) > 1:
            raise ValueError("a bug")
        return enrol_all(photos)  # type: ignore[arg-type]

    enrol_all = tier.enroller.enrol_all
    monkeypatch.setattr(tier.enroller, "enrol_all", meets_a_bug)
    first = tier.enrol("first")
    wait_until(lambda: tier.index.writes)
    others = [tier.enrol("one"), tier.enrol("two")]
    wait_until(lambda: tier.gathered(2))

    tier.index.let_go.set()

    assert images([first, *others]) == ["first", "one", "two"]


def test_everybody_in_a_group_learns_that_the_index_is_away(tier: Tier) -> None:
    first = tier.enrol("first")
    wait_until(lambda: tier.index.writes)
    others = [tier.enrol("one"), tier.enrol("two")]
    wait_until(lambda: tier.gathered(2))

    tier.index.away = True
    tier.index.let_go.set()

    for each in (first, *others):
        with pytest.raises(IndexUnavailable):
            each.result(timeout=10)


def test_full_group_does_not_wait_until_it_is_time() -> None:
    tier = Tier(apart_s=3600)
    tier.index.let_go.set()
    first = tier.enrol("first")
    assert images([first]) == ["first"]

    others = [tier.enrol(f"{n}") for n in range(20)]

    assert len(images(others)) == 20
    tier.threads.shutdown()
