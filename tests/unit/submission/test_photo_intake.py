"""Photos that become jobs, or leave nothing behind."""

import logging

import pytest

from core.errors import FileTooLarge, QueueUnavailable, StorageUnavailable, TooManyPixels
from core.ground.realms import WHOLE
from core.submission.jobs_under_way import ANY_NUMBER
from core.submission.photo_intake import Intake
from core.testing import ManualClock, MemoryQueue, MemoryStore
from tests.support.adversary import Process, Trouble
from tests.support.photos import made_photo

PHOTO = made_photo()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue(clock=ManualClock())


def intake(
    store: MemoryStore,
    queue: MemoryQueue,
    process: Process | None = None,
    *,
    max_pixels: int = 64 * 48,
) -> Intake:
    process = process or Process()
    return Intake(
        queue=process.queue(queue),
        inputs=process.store(store),
        max_file_bytes=len(PHOTO),
        max_pixels=max_pixels,
        realm=WHOLE,
        jobs=ANY_NUMBER,
    )


def accept(intake: Intake, *, remove_on_failure: bool = True) -> None:
    intake.store_and_enqueue(
        job_id="a job",
        key="key",
        photo=PHOTO,
        body="body",
        metadata={"a": "note"},
        remove_on_failure=remove_on_failure,
    )


def test_accepted_photo_is_stored_with_its_metadata_and_queued(
    store: MemoryStore, queue: MemoryQueue
) -> None:
    accept(intake(store, queue))

    assert store.get("key").body == PHOTO
    assert store.get("key").metadata == {"a": "note"}
    assert queue.bodies == ["body"]


def test_photo_is_stored_before_its_message_is_sent(store: MemoryStore, queue: MemoryQueue) -> None:
    first_call_fails = Process({0: Trouble.REFUSED})

    with pytest.raises(StorageUnavailable):
        accept(intake(store, queue, first_call_fails))

    assert queue.bodies == []


def test_limits_are_inclusive(store: MemoryStore, queue: MemoryQueue) -> None:
    intake(store, queue).check(PHOTO)


def test_photo_over_a_limit_is_refused(store: MemoryStore, queue: MemoryQueue) -> None:
    with pytest.raises(FileTooLarge, match=f"{len(PHOTO) + 1} bytes"):
        intake(store, queue).check(PHOTO + b"x")
    with pytest.raises(TooManyPixels):
        intake(store, queue, max_pixels=64 * 48 - 1).check(PHOTO)


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.ANSWER_LOST])
@pytest.mark.parametrize("call", [0, 1])
def test_photo_of_a_failed_acceptance_is_removed(
    store: MemoryStore, queue: MemoryQueue, call: int, trouble: Trouble
) -> None:
    with pytest.raises((StorageUnavailable, QueueUnavailable)):
        accept(intake(store, queue, Process({call: trouble})))

    assert store.objects == {}


def test_photo_stays_when_others_may_need_it(store: MemoryStore, queue: MemoryQueue) -> None:
    with pytest.raises(QueueUnavailable):
        accept(intake(store, queue, Process({1: Trouble.REFUSED})), remove_on_failure=False)

    assert store.objects == {"key": PHOTO}


def test_orphan_is_reported_when_its_removal_fails_too(
    store: MemoryStore, queue: MemoryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    process = Process({1: Trouble.REFUSED, 2: Trouble.REFUSED})

    with pytest.raises(QueueUnavailable), caplog.at_level(logging.ERROR):
        accept(intake(store, queue, process))

    (record,) = caplog.records
    assert record.message == "orphan was left in the input bucket"
    assert record.__dict__["what"] == "photo"
    assert store.objects == {"key": PHOTO}
