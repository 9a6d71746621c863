"""What messages that are no jobs tell, and how loudly."""

import logging

import pytest

from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job
from core.worker.unreadable import UnreadableMessages, job_id_in, job_in, likely_cause

JOB = Job.new("a.jpg")
INDEX_JOB = IndexJob(
    job_id=new_id(), collection_id="staff", image_id="a", s3_bucket="album", s3_key="a"
)


def test_jobs_of_both_queues_are_known() -> None:
    assert job_in(JOB.body) == JOB
    assert job_in(INDEX_JOB.body) == INDEX_JOB
    assert job_in("no job") is None


@pytest.mark.parametrize(
    "body",
    [JOB.job_id, JOB.body, f"{JOB.job_id}:v2", f'{{"job_id": "{JOB.job_id}", "v": 2}}'],
    ids=["id", "body", "suffix", "JSON"],
)
def test_id_is_read_from_any_format(body: str) -> None:
    assert job_id_in(body) == JOB.job_id


@pytest.mark.parametrize("body", ["", "no job", "[]", "7", '{"job_id": 7}', '{"a": 1}', "[" * 9999])
def test_body_without_an_id_names_no_job(body: str) -> None:
    assert job_id_in(body) is None
    assert "another program" in likely_cause(body)


def test_cause_tells_swapped_queues_from_another_version() -> None:
    assert "may be swapped" in likely_cause(INDEX_JOB.body)
    assert "another version" in likely_cause(f"{JOB.job_id}:v2")


def test_queue_that_brings_nothing_else_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    messages = UnreadableMessages()
    for _ in range(120):
        messages.note("a cause")

    told = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert [record["in_a_row"] for record in told] == [3, 10, 100]
    assert {record["likely_cause"] for record in told} == {"a cause"}


def test_jobs_between_them_keep_it_quiet(caplog: pytest.LogCaptureFixture) -> None:
    messages = UnreadableMessages()
    for _ in range(20):
        messages.note("a cause")
        messages.note("a cause")
        messages.note_job()

    assert caplog.records == []
    assert messages.total == 40
