"""Use cases of the web tier on in-memory services."""

from collections.abc import Callable

import pytest

from core.bootstrap.web import build_web
from core.errors import (
    CollectionNotFound,
    EmptyFile,
    FileTooLarge,
    IdempotencyConflict,
    JobNotFound,
    QueueUnavailable,
    StorageUnavailable,
)
from core.ground.realms import WHOLE
from core.jobs.recognition_job import COLLECTION_NOTE, MIN_QUALITY_NOTE, Job, failed
from core.jobs.results import Results
from core.settings import Settings
from core.submission.pending_jobs import UNKNOWN_S
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo

PHOTO = made_photo()
OTHER_PHOTO = made_photo(size=(32, 32))
SETTINGS = Settings(_env_file=None, max_file_mb=0.01)
UNKNOWN = "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d"


class Web:
    """The uploads of a web process; ``during_sleep`` is done whenever a request waits."""

    def __init__(self) -> None:
        self.pauses_s: list[float] = []
        self.during_sleep: Callable[[], None] = lambda: None
        memory = MemoryInfrastructure(settings=SETTINGS, sleep=self.sleep)
        self.clock = memory.clock
        self.inputs = memory.bucket(SETTINGS.s3_in_bucket)
        self.outputs = memory.bucket(SETTINGS.s3_out_bucket)
        self.queue = memory.queue(SETTINGS.sqs_req_queue_name)
        self.results = Results(self.outputs)
        parts = build_web(SETTINGS, memory.joined()).of(WHOLE)
        self.uploads, self.collections = parts.uploads, parts.collections

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
    job = web.uploads.submit(PHOTO, "dir/my photo.jpg")

    assert web.inputs.objects == {f"{job.job_id}_my_photo.jpg": PHOTO}
    assert web.queue.bodies == [f"{job.job_id}_my_photo.jpg"]


def test_collection_is_noted_with_the_photo(web: Web) -> None:
    web.collections.create("family")

    job = web.uploads.submit(PHOTO, "a.jpg", collection_id="family")

    assert web.inputs.get(job.input_key).metadata == {COLLECTION_NOTE: "family"}


def test_least_quality_is_noted_with_the_photo_when_it_is_asked_for(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg", min_quality=0)

    stored = web.inputs.get(job.input_key)
    assert stored.metadata == {COLLECTION_NOTE: "default", MIN_QUALITY_NOTE: "0"}


def test_photo_for_an_unknown_collection_leaves_nothing_behind(web: Web) -> None:
    with pytest.raises(CollectionNotFound):
        web.uploads.submit(PHOTO, "a.jpg", collection_id="nobody-made-it")

    assert web.is_empty()


def test_refused_photo_leaves_nothing_behind(web: Web) -> None:
    with pytest.raises(EmptyFile):
        web.uploads.submit(b"", "a.jpg")
    with pytest.raises(FileTooLarge):
        web.uploads.submit(PHOTO + bytes(SETTINGS.max_file_bytes), "a.jpg")

    assert web.is_empty()


def test_photo_is_removed_when_the_queue_is_away(web: Web) -> None:
    web.queue.available = False

    with pytest.raises(QueueUnavailable):
        web.uploads.submit(PHOTO, "a.jpg")

    assert web.is_empty()


def test_nothing_is_queued_when_the_store_is_away(web: Web) -> None:
    web.inputs.available = False

    with pytest.raises(StorageUnavailable):
        web.uploads.submit(PHOTO, "a.jpg")

    assert web.is_empty()


def test_same_key_and_photo_give_the_same_job(web: Web) -> None:
    first = web.uploads.submit(PHOTO, "a.jpg", idempotency_key="key")
    second = web.uploads.submit(PHOTO, "b.jpg", idempotency_key="key")

    assert second == first
    assert web.queue.bodies == [first.body]


def test_clients_name_for_a_photo_is_not_kept_with_a_key(web: Web) -> None:
    web.uploads.submit(PHOTO, "Ada Lovelace.jpg", idempotency_key="key")

    assert all("Ada" not in key for key in web.inputs.objects)
    assert all(b"Ada" not in body for body in web.inputs.objects.values())


def test_same_key_with_another_photo_is_a_conflict(web: Web) -> None:
    web.uploads.submit(PHOTO, "a.jpg", idempotency_key="key")

    with pytest.raises(IdempotencyConflict):
        web.uploads.submit(OTHER_PHOTO, "a.jpg", idempotency_key="key")


def test_same_key_and_photo_for_another_collection_is_a_conflict(web: Web) -> None:
    web.collections.create("family")
    web.uploads.submit(PHOTO, "a.jpg", idempotency_key="key")

    with pytest.raises(IdempotencyConflict):
        web.uploads.submit(PHOTO, "a.jpg", collection_id="family", idempotency_key="key")


def test_same_key_and_photo_with_another_quality_is_a_conflict(web: Web) -> None:
    web.uploads.submit(PHOTO, "a.jpg", min_quality=20, idempotency_key="key")
    web.uploads.submit(PHOTO, "a.jpg", min_quality=20, idempotency_key="key")

    with pytest.raises(IdempotencyConflict):
        web.uploads.submit(PHOTO, "a.jpg", idempotency_key="key")


def test_key_whose_photo_could_not_be_queued_is_as_good_as_new(web: Web) -> None:
    web.queue.available = False
    with pytest.raises(QueueUnavailable):
        web.uploads.submit(PHOTO, "a.jpg", idempotency_key="key")
    web.queue.available = True

    job = web.uploads.submit(OTHER_PHOTO, "b.jpg", idempotency_key="key")

    assert web.queue.bodies == [job.body]
    assert [body for key, body in web.inputs.objects.items() if "/" not in key] == [OTHER_PHOTO]


def test_wait_returns_the_result_as_soon_as_it_is_there(web: Web) -> None:
    job = Job.new("a.jpg")
    result = failed(job.job_id, "A_CODE", "a reason")

    def answer_after_three_polls() -> None:
        if len(web.pauses_s) == 3:
            web.results.write(result)

    web.during_sleep = answer_after_three_polls

    waited = web.uploads.wait(job.job_id, 30)

    assert waited.result == result
    assert waited.polls == 3


def test_wait_goes_on_while_storage_is_away_for_a_moment(web: Web) -> None:
    job = Job.new("a.jpg")
    result = failed(job.job_id, "A_CODE", "a reason")
    web.results.write(result)
    web.outputs.available = False

    def come_back_at_the_third_poll() -> None:
        web.outputs.available = len(web.pauses_s) >= 3

    web.during_sleep = come_back_at_the_third_poll

    assert web.uploads.wait(job.job_id, 30).result == result


def test_wait_never_goes_past_its_time(web: Web) -> None:
    waited = web.uploads.wait(Job.new("a.jpg").job_id, 30)

    assert waited.result is None
    assert sum(web.pauses_s) == pytest.approx(30)
    assert waited.polls == web.outputs.gets <= 40


def test_waiting_for_no_time_does_not_poll(web: Web) -> None:
    assert web.uploads.wait(Job.new("a.jpg").job_id, 0).polls == 0
    assert web.outputs.gets == 0


def test_status_is_pending_then_the_result(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    assert web.uploads.status(job.job_id) is None

    result = failed(job.job_id, "A_CODE", "a reason")
    web.results.write(result)

    assert web.uploads.status(job.job_id) == result


def test_whether_a_job_was_accepted_is_asked_once(web: Web) -> None:
    job = Job.new("a.jpg")
    web.inputs.put(job.input_key, PHOTO, content_type="image/png")

    assert [web.uploads.status(job.job_id) for _ in range(5)] == [None] * 5

    assert web.inputs.listings == 1


def test_client_that_asks_too_early_costs_no_look_at_s3(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    web.uploads.wait(job.job_id, 0)
    for _ in range(100):
        assert web.uploads.status(job.job_id, "ada") is None
        web.uploads.pause_s(job.job_id, "ada")
        web.clock.advance(0.01)

    assert web.outputs.gets == 2  # the second when 0.9 of the second that it was told were over


def test_client_in_time_is_not_made_late_by_one_that_asks_all_the_time(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    web.uploads.wait(job.job_id, 0)
    for number in range(20):
        web.uploads.status(job.job_id, "greedy")
        web.uploads.pause_s(job.job_id, "greedy")
        if number == 10:
            web.uploads.status(job.job_id, "in time")
            assert web.uploads.pause_s(job.job_id, "in time") == 1
        web.clock.advance(0.1)
    result = failed(job.job_id, "A_CODE", "a reason")
    web.results.write(result)

    assert web.uploads.status(job.job_id, "in time") == result


def test_own_job_is_pending_without_asking_whether_it_was_accepted(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    web.uploads.wait(job.job_id, 0)

    assert web.uploads.status(job.job_id) is None

    assert web.inputs.listings == 0


def test_job_that_is_erased_after_its_result_was_told_is_not_found(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    web.uploads.wait(job.job_id, 0)
    web.results.write(failed(job.job_id, "A_CODE", "a reason"))
    web.uploads.status(job.job_id)

    web.inputs.delete(job.input_key)
    web.outputs.delete(job.job_id)

    with pytest.raises(JobNotFound):
        web.uploads.status(job.job_id)


def test_pause_before_the_next_question_grows_while_a_job_is_pending(web: Web) -> None:
    job = web.uploads.submit(PHOTO, "a.jpg")
    web.uploads.wait(job.job_id, 0)
    soon_s = web.uploads.pause_s(job.job_id)

    web.clock.advance(20)
    web.uploads.status(job.job_id)

    assert (soon_s, web.uploads.pause_s(job.job_id)) == (1, 5)


@pytest.mark.parametrize("job_id", ["odd", UNKNOWN])
def test_status_of_an_id_never_issued_is_not_found(web: Web, job_id: str) -> None:
    with pytest.raises(JobNotFound):
        web.uploads.status(job_id)


def test_status_of_an_id_never_issued_is_asked_of_s3_once_in_a_moment(web: Web) -> None:
    for _ in range(5):
        with pytest.raises(JobNotFound):
            web.uploads.status(UNKNOWN)

    assert (web.outputs.gets, web.inputs.listings) == (1, 1)


def test_job_accepted_meanwhile_is_not_found_for_a_moment_only(web: Web) -> None:
    with pytest.raises(JobNotFound):
        web.uploads.status(UNKNOWN)
    web.inputs.put(f"{UNKNOWN}_a.jpg", PHOTO, content_type="image/jpeg")  # by another process

    web.clock.advance(UNKNOWN_S)

    assert web.uploads.status(UNKNOWN) is None


def test_job_accepted_by_this_process_is_known_at_once(web: Web) -> None:
    with pytest.raises(JobNotFound):
        web.uploads.status(UNKNOWN)
    web.inputs.put(f"{UNKNOWN}_a.jpg", PHOTO, content_type="image/jpeg")

    web.uploads.wait(UNKNOWN, 0)

    assert web.uploads.status(UNKNOWN) is None
