"""Use cases of the web tier on in-memory services."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

import pytest

from core.errors import (
    EmptyFile,
    FileTooLarge,
    IdempotencyConflict,
    InvalidIdempotencyKey,
    JobNotFound,
    QueueUnavailable,
    StorageUnavailable,
)
from core.jobs import Job, failed
from core.results import Results
from core.submission import Submission, poll_pauses_s
from core.testing import ManualClock, MemoryQueue, MemoryStore
from tests.support.photos import made_photo

PHOTO = made_photo()
OTHER_PHOTO = made_photo(size=(32, 32))


@dataclass(kw_only=True)
class Web:
    clock: ManualClock = field(default_factory=ManualClock)
    inputs: MemoryStore = field(default_factory=MemoryStore)
    outputs: MemoryStore = field(default_factory=MemoryStore)
    pauses_s: list[float] = field(default_factory=list)
    during_sleep: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.queue = MemoryQueue(clock=self.clock)
        self.results = Results(self.outputs)
        self.submission = Submission(
            queue=self.queue,
            inputs=self.inputs,
            results=self.results,
            max_file_bytes=len(PHOTO),
            max_pixels=10_000,
            clock=self.clock,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.clock.advance(seconds)
        self.during_sleep()

    def is_empty(self) -> bool:
        return not self.inputs.objects and not self.queue.bodies


@pytest.fixture
def web() -> Web:
    return Web()


def test_photo_is_stored_and_queued_under_the_job_id(web: Web) -> None:
    job = web.submission.submit(PHOTO, "dir/my photo.jpg")

    assert web.inputs.objects == {f"{job.job_id}_my_photo.jpg": PHOTO}
    assert web.queue.bodies == [f"{job.job_id}_my_photo.jpg"]


def test_refused_photo_leaves_nothing_behind(web: Web) -> None:
    with pytest.raises(EmptyFile):
        web.submission.submit(b"", "a.jpg")
    with pytest.raises(FileTooLarge):
        web.submission.submit(PHOTO + b"x", "a.jpg")

    assert web.is_empty()


def test_photo_is_removed_when_the_queue_is_away(web: Web) -> None:
    web.queue.available = False

    with pytest.raises(QueueUnavailable):
        web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")

    assert web.is_empty()


def test_nothing_is_queued_when_the_store_is_away(web: Web) -> None:
    web.inputs.available = False

    with pytest.raises(StorageUnavailable):
        web.submission.submit(PHOTO, "a.jpg")

    assert web.is_empty()


def test_orphan_is_reported_when_its_removal_fails_too(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_: str) -> None:
        raise StorageUnavailable("switched off")

    web.queue.available = False
    monkeypatch.setattr(web.inputs, "delete", away)

    with pytest.raises(QueueUnavailable), caplog.at_level(logging.ERROR):
        web.submission.submit(PHOTO, "a.jpg")

    (record,) = caplog.records
    assert record.message == "orphan was left in the input bucket"
    assert record.__dict__["what"] == "photo"
    assert len(web.inputs.objects) == 1


def test_same_key_and_photo_give_the_same_job(web: Web) -> None:
    first = web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")
    second = web.submission.submit(PHOTO, "b.jpg", idempotency_key="key")

    assert second == first
    assert web.queue.bodies == [first.body]


def test_same_key_with_another_photo_is_a_conflict(web: Web) -> None:
    web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")

    with pytest.raises(IdempotencyConflict):
        web.submission.submit(OTHER_PHOTO, "a.jpg", idempotency_key="key")


def test_other_key_gives_another_job(web: Web) -> None:
    first = web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")
    second = web.submission.submit(PHOTO, "a.jpg", idempotency_key="other")

    assert second.job_id != first.job_id


@pytest.mark.parametrize("stored", [True, False])
def test_key_whose_request_broke_off_is_taken_up_again(web: Web, stored: bool) -> None:
    first = interrupted_submission(web, stored=stored)

    second = web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")

    assert second == first
    assert web.inputs.objects[first.input_key] == PHOTO
    assert web.queue.bodies == [first.body]


def interrupted_submission(web: Web, *, stored: bool) -> Job:
    """Leave what a process leaves that dies before its message is sent."""
    send = web.queue.send
    web.queue.send = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")
    web.queue.send = send  # type: ignore[method-assign]
    (key,) = (key for key in web.inputs.objects if not key.startswith("idempotency/"))
    if not stored:
        del web.inputs.objects[key]
    return Job.from_body(key)


def test_second_comer_does_not_take_back_the_first_ones_photo(web: Web) -> None:
    first = interrupted_submission(web, stored=True)
    web.queue.available = False

    with pytest.raises(QueueUnavailable):
        web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")

    assert first.input_key in web.inputs.objects


def test_job_is_accepted_though_its_record_could_not_be_updated(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = web.inputs.put

    def put_photos_only(key: str, body: bytes, *, content_type: str) -> None:
        if key.startswith("idempotency/"):
            raise StorageUnavailable("switched off")
        put(key, body, content_type=content_type)

    monkeypatch.setattr(web.inputs, "put", put_photos_only)

    job = web.submission.submit(PHOTO, "a.jpg", idempotency_key="key")

    assert web.queue.bodies == [job.body]


@pytest.mark.parametrize("key", ["", "x" * 256, "ümlaut", "a\nb"])
def test_odd_idempotency_key_is_refused(web: Web, key: str) -> None:
    with pytest.raises(InvalidIdempotencyKey):
        web.submission.submit(PHOTO, "a.jpg", idempotency_key=key)

    assert web.is_empty()


def test_pauses_grow_from_50_ms_to_a_second() -> None:
    pauses_s = list(islice(poll_pauses_s(), 20))

    assert pauses_s[0] == 0.05
    assert pauses_s == sorted(pauses_s)
    assert pauses_s[-1] == 1.0


def test_wait_returns_the_result_as_soon_as_it_is_there(web: Web) -> None:
    job = Job.new("a.jpg")
    result = failed(job, "A_CODE", "a reason")

    def answer_after_three_polls() -> None:
        if len(web.pauses_s) == 3:
            web.results.write(job, result)

    web.during_sleep = answer_after_three_polls

    waited = web.submission.wait(job.job_id, 30)

    assert waited.result == result
    assert waited.polls == 3


def test_wait_goes_on_while_storage_is_away_for_a_moment(web: Web) -> None:
    job = Job.new("a.jpg")
    result = failed(job, "A_CODE", "a reason")
    web.results.write(job, result)
    web.outputs.available = False

    def come_back_at_the_third_poll() -> None:
        web.outputs.available = len(web.pauses_s) >= 3

    web.during_sleep = come_back_at_the_third_poll

    assert web.submission.wait(job.job_id, 30).result == result


def test_wait_never_goes_past_its_time(web: Web) -> None:
    waited = web.submission.wait(Job.new("a.jpg").job_id, 30)

    assert waited.result is None
    assert sum(web.pauses_s) == pytest.approx(30)
    assert waited.polls == web.outputs.gets <= 40


def test_waiting_for_no_time_does_not_poll(web: Web) -> None:
    assert web.submission.wait(Job.new("a.jpg").job_id, 0).polls == 0
    assert web.outputs.gets == 0


def test_status_is_pending_then_the_result(web: Web) -> None:
    job = web.submission.submit(PHOTO, "a.jpg")
    assert web.submission.status(job.job_id) is None

    result = failed(job, "A_CODE", "a reason")
    web.results.write(job, result)

    assert web.submission.status(job.job_id) == result


@pytest.mark.parametrize("job_id", ["odd", "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d"])
def test_status_of_an_id_never_issued_is_not_found(web: Web, job_id: str) -> None:
    with pytest.raises(JobNotFound):
        web.submission.status(job_id)
