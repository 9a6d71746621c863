"""What becomes of jobs whose messages are dead letters."""

import pytest

from core.ground.storage_keys import batch_mark_key
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import failed
from core.jobs.results import Results
from core.ports import ReceivedMessage
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.dead_letters import DeadJobs
from tests.support.infrastructure import MemoryInfrastructure

JOB = IndexJob(
    collection_id="staff",
    job_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    image_id="a.jpg",
    s3_bucket="album",
    s3_key="a.jpg",
    batch_id="7c9e6679-7425-40de-944b-e07fc1f90ae7",
    position=7,
)
MARK = batch_mark_key("7c9e6679-7425-40de-944b-e07fc1f90ae7", 7, "failed")


LETTER = ReceivedMessage(body=JOB.body, receipt="1", receive_count=6)
NO_JOB = ReceivedMessage(body="{}", receipt="2", receive_count=6)


class Desk:
    def __init__(self) -> None:
        shared = MemoryInfrastructure().shared()
        self.outputs = shared.outputs
        self.results = Results(self.outputs)
        self.jobs = DeadJobs(self.outputs, lambda _: shared.outbox)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_job_whose_result_is_reset_has_neither_its_result_nor_its_mark(desk: Desk) -> None:
    desk.results.write(failed(JOB.job_id, "RECOGNITION_TIMED_OUT", "slow"))
    desk.outputs.put(MARK, b"", content_type="application/octet-stream")

    assert desk.jobs.code(LETTER) == "RECOGNITION_TIMED_OUT"
    desk.jobs.reset_result(LETTER)

    assert desk.outputs.keys("") == []
    assert desk.jobs.code(LETTER) == "no result yet"


def test_job_that_is_given_up_has_a_result_and_its_mark(desk: Desk) -> None:
    desk.jobs.give_up(LETTER)

    assert desk.outputs.keys("") == sorted([JOB.job_id, MARK])
    assert desk.jobs.code(LETTER) == ABANDONED


def test_job_that_has_a_result_keeps_it_when_it_is_given_up(desk: Desk) -> None:
    desk.results.write(failed(JOB.job_id, "RECOGNITION_TIMED_OUT", "slow"))

    desk.jobs.give_up(LETTER)

    assert desk.jobs.code(LETTER) == "RECOGNITION_TIMED_OUT"


@pytest.mark.parametrize(
    ("code", "swept"),
    [(ABANDONED, True), ("MALFORMED_MESSAGE", True), ("RECOGNITION_TIMED_OUT", False)],
)
def test_results_of_sweeps_are_told_from_others(desk: Desk, code: str, swept: bool) -> None:
    desk.results.write(failed(JOB.job_id, code, "why"))

    assert desk.jobs.was_swept(LETTER) is swept


def test_message_that_names_no_job_is_left_alone(desk: Desk) -> None:
    desk.jobs.reset_result(NO_JOB)
    desk.jobs.give_up(NO_JOB)

    assert desk.jobs.code(NO_JOB) == "malformed"
    assert not desk.jobs.was_swept(NO_JOB)
    assert desk.outputs.keys("") == []
