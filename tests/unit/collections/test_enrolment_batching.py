"""Photos that are enrolled at the same moment share one write."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from core.bootstrap.use_cases.enrolling import build_enroller
from core.collections.enrolment.batching import EnrolmentGroups
from core.errors import CollectionNotFound, Erased, IndexUnavailable
from core.ground.ids import new_id
from core.jobs.index_job import IndexDone, IndexJob
from core.ports import EnrolledFace
from core.testing import MemoryFaceIndex
from harness.waiting import wait_until
from tests.support.faces import face, recognition
from tests.support.infrastructure import MemoryInfrastructure


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


FULL = 20
"""Photos of a group that is written at once."""
OTHERS = [f"other {number}" for number in range(FULL)]


@dataclass(kw_only=True)
class EnrolmentFixture:
    """Threads that enrol photos. A group is written once it is full, or first of all."""

    index: SlowIndex = field(default_factory=SlowIndex)
    apart_s: float = 3600

    def __post_init__(self) -> None:
        shared = MemoryInfrastructure(index=self.index).shared()
        shared.collections.create("family")
        self.enroller = build_enroller(shared)
        self.groups = EnrolmentGroups(self.enroller, apart_s=self.apart_s)

    def enrol(self, image_id: str, collection_id: str = "family") -> Future[IndexDone]:
        job = IndexJob(
            collection_id=collection_id,
            job_id=new_id(),
            image_id=image_id,
            s3_bucket="in",
            s3_key=image_id,
        )
        done: Future[IndexDone] = Future()

        def enrol() -> None:
            try:
                done.set_result(self.groups.enrol(job, recognition(face(0.5))))
            except Exception as error:  # noqa: BLE001 - the test's to look at
                done.set_exception(error)

        threading.Thread(target=enrol, daemon=True).start()
        return done

    def enrol_first(self) -> Future[IndexDone]:
        """Have a photo enrolled whose write is held up."""
        first = self.enrol("first")
        wait_until(lambda: self.index.writes)
        return first

    def enrol_group(self) -> list[Future[IndexDone]]:
        return [self.enrol(image_id) for image_id in OTHERS]


@pytest.fixture
def enrolment() -> EnrolmentFixture:
    return EnrolmentFixture()


@pytest.fixture
def hasty() -> EnrolmentFixture:
    """Return one whose groups are written when the write before is over."""
    return EnrolmentFixture(apart_s=0)


def images(done: Sequence[Future[IndexDone]]) -> list[str]:
    return [each.result(timeout=10).image_id for each in done]


def test_photos_that_come_during_a_write_share_the_next(enrolment: EnrolmentFixture) -> None:
    photos = [enrolment.enrol_first(), *enrolment.enrol_group()]

    enrolment.index.let_go.set()

    assert images(photos) == ["first", *OTHERS]
    assert [sorted(write) for write in enrolment.index.writes] == [["first"], sorted(OTHERS)]


def test_same_image_is_not_twice_in_one_write(hasty: EnrolmentFixture) -> None:
    photos = [hasty.enrol_first(), *(hasty.enrol("twice") for _ in range(FULL))]

    hasty.index.let_go.set()

    assert images(photos) == ["first"] + ["twice"] * FULL
    assert all(len(set(write)) == len(write) for write in hasty.index.writes)


def test_photo_that_cannot_be_enrolled_does_no_harm_to_the_others(hasty: EnrolmentFixture) -> None:
    hasty.index.let_go.set()
    lost = hasty.enrol("lost", "nobody")

    with pytest.raises(CollectionNotFound):
        lost.result(timeout=10)
    assert images([hasty.enrol("found")]) == ["found"]


def test_bug_of_one_photo_leaves_its_group_enrolled(
    enrolment: EnrolmentFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meets_a_bug(photos: Sequence[object]) -> list[IndexDone | Erased]:
        if len(photos) > 1:
            raise ValueError("a bug")
        return enrol_all(photos)  # type: ignore[arg-type]

    enrol_all = enrolment.enroller.enrol_all
    monkeypatch.setattr(enrolment.enroller, "enrol_all", meets_a_bug)
    photos = [enrolment.enrol_first(), *enrolment.enrol_group()]

    enrolment.index.let_go.set()

    assert images(photos) == ["first", *OTHERS]


def test_everybody_in_a_group_learns_that_the_index_is_away(enrolment: EnrolmentFixture) -> None:
    photos = [enrolment.enrol_first(), *enrolment.enrol_group()]

    enrolment.index.away = True
    enrolment.index.let_go.set()

    for photo in photos:
        with pytest.raises(IndexUnavailable):
            photo.result(timeout=10)


def test_photos_one_after_another_do_not_wait_for_company(enrolment: EnrolmentFixture) -> None:
    enrolment.index.let_go.set()

    assert [images([enrolment.enrol(name)]) for name in "abc"] == [["a"], ["b"], ["c"]]
    assert enrolment.index.writes == [["a"], ["b"], ["c"]]


def test_photo_after_several_waits_until_it_is_time(enrolment: EnrolmentFixture) -> None:
    photos = [enrolment.enrol_first(), *enrolment.enrol_group()]
    enrolment.index.let_go.set()
    assert images(photos) == ["first", *OTHERS]

    late = enrolment.enrol("late")

    with pytest.raises(TimeoutError):
        late.result(timeout=0.2)
    assert images([late, *map(enrolment.enrol, OTHERS[1:])]) == ["late", *OTHERS[1:]]


def test_full_group_does_not_wait_until_it_is_time(enrolment: EnrolmentFixture) -> None:
    photos = [enrolment.enrol_first(), *enrolment.enrol_group()]
    enrolment.index.let_go.set()
    assert images(photos) == ["first", *OTHERS]

    assert images(enrolment.enrol_group()) == OTHERS
