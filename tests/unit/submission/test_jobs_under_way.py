"""How many jobs of a tenant may be under way."""

import pytest

from core.errors import TooManyJobs
from core.ground.storage_keys import batch_list_key, batch_mark_key
from core.submission.jobs_under_way import LOOK_S, JobsUnderWay
from core.testing import ManualClock, MemoryStore


class Jobs:
    """Three jobs may be under way."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.outputs = MemoryStore(self.clock)
        self.quota = JobsUnderWay(self.outputs, most=3, clock=self.clock)

    def is_accepted(self, job_id: str) -> bool:
        try:
            self.quota.begin(job_id)
        except TooManyJobs:
            return False
        return True

    def has_result(self, key: str) -> None:
        self.outputs.put(key, b"", content_type="application/json")


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


def test_no_more_jobs_are_accepted_than_may_be_under_way(jobs: Jobs) -> None:
    assert [jobs.is_accepted(each) for each in "abcd"] == [True, True, True, False]


def test_job_that_was_seen_to_end_makes_room_at_once(jobs: Jobs) -> None:
    for each in "abc":
        jobs.quota.begin(each)
    jobs.quota.end("b")
    jobs.quota.end("never begun")

    assert [jobs.is_accepted(each) for each in "de"] == [True, False]


def test_jobs_that_have_a_result_make_room(jobs: Jobs) -> None:
    for each in "abc":
        jobs.quota.begin(each)
    jobs.has_result("a")
    jobs.has_result("c")

    assert [jobs.is_accepted(each) for each in "def"] == [True, True, False]


def test_s3_is_looked_at_only_when_the_limit_is_reached_and_then_seldom(jobs: Jobs) -> None:
    for each in "abc":
        jobs.quota.begin(each)
    assert not jobs.is_accepted("d")
    jobs.has_result("a")

    assert not jobs.is_accepted("e")
    jobs.clock.advance(LOOK_S)
    assert jobs.is_accepted("f")


def test_nothing_is_asked_of_s3_below_the_limit(jobs: Jobs) -> None:
    jobs.outputs.available = False

    assert [jobs.is_accepted(each) for each in "abcd"] == [True, True, True, False]


def test_same_job_counts_once(jobs: Jobs) -> None:
    assert all(jobs.is_accepted("a") for _ in range(3))
    assert [jobs.is_accepted(each) for each in "bcd"] == [True, True, False]


def test_batch_counts_its_photos_until_each_has_ended(jobs: Jobs) -> None:
    jobs.quota.begin_batch("batch", 3)
    jobs.has_result(batch_list_key("batch"))
    assert not jobs.is_accepted("a")

    jobs.has_result(batch_mark_key("batch", 0, "done"))
    jobs.has_result(batch_mark_key("batch", 2, "failed"))
    jobs.clock.advance(LOOK_S)
    assert [jobs.is_accepted(each) for each in "abc"] == [True, True, False]

    jobs.has_result(batch_mark_key("batch", 1, "done"))
    jobs.clock.advance(LOOK_S)
    assert [jobs.is_accepted(each) for each in "de"] == [True, False]


def test_batch_beyond_the_limit_is_accepted_while_no_job_is_under_way(jobs: Jobs) -> None:
    jobs.quota.begin_batch("batch", 10)

    assert not jobs.is_accepted("a")


def test_job_without_a_result_is_forgotten_after_a_day(jobs: Jobs) -> None:
    for each in "abc":
        jobs.quota.begin(each)
    jobs.clock.advance(86_401)

    assert jobs.is_accepted("d")
