"""The operator's commands for dead letters, on LocalStack and on a home on one machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from efr_cli import dead_letter_commands
from efr_cli.app import main

from core.aws import clients
from core.aws.clients import sqs_client
from core.aws.dead_letter_queue import DeadLetterQueue
from core.ground.authors import Author
from core.ground.ids import new_id
from core.jobs.batch_records import note_outcome
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job, failed
from core.jobs.results import Results
from core.ports import JobQueue
from core.settings import Settings
from core.worker.dead_letter_sweeper import ABANDONED
from harness.localstack import LocalStack
from harness.waiting import wait_until
from tests.support.backends import (
    Backends,
    aws_backends,
    home_backends,
    home_settings,
    own_names,
)

RETRIES_USED_UP = "RECOGNITION_TIMED_OUT"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A service without workers, and the tool that looks after its dead letters."""

    settings: Settings
    backends: Backends

    def run(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["dead-letters", *arguments], input=typed)

    @property
    def results(self) -> Results:
        return Results(self.backends.outputs)

    def queue(self, name: str) -> JobQueue:
        return self.backends.infrastructure.queue(name)

    def give_up(
        self,
        job: Job | IndexJob,
        *,
        code: str | None = RETRIES_USED_UP,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        """Use up a job's attempts, so that SQS moves its message to the dead letters."""
        index = isinstance(job, IndexJob)
        name = self.settings.sqs_index_queue_name if index else self.settings.sqs_req_queue_name
        queue = self.queue(name)
        queue.send(job.body, notes=notes)
        assert queue.receive(limit=1, wait_s=2, visibility_s=0)
        dead = self.queue(f"{name}-dlq")
        queue.receive(limit=1, wait_s=0)
        (letter,) = dead.receive(limit=1, wait_s=5)
        dead.set_visibility(letter, 0)
        if code is None:
            return
        result = failed(job.job_id, code, "given up")
        assert self.results.write(result)
        if isinstance(job, IndexJob):
            note_outcome(self.backends.outputs, job, result)


def desk_on(backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dead_letter_commands, "root_settings", lambda: backends.settings)
    return Desk(settings=backends.settings, backends=backends)


@pytest.fixture
def aws_desk(localstack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    settings = localstack.settings(**own_names(), sqs_max_receive_count=1)
    return desk_on(aws_backends(settings), tmp_path, monkeypatch)


@pytest.fixture(params=["home", "localstack"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    if request.param == "localstack":
        on_aws: Desk = request.getfixturevalue("aws_desk")
        return on_aws
    settings = home_settings(tmp_path / "home", sqs_max_receive_count=1)
    return desk_on(home_backends(settings), tmp_path, monkeypatch)


def index_job() -> IndexJob:
    return IndexJob(
        collection_id="staff",
        job_id=new_id(),
        image_id="a.jpg",
        s3_bucket="album",
        s3_key="a.jpg",
        batch_id=new_id(),
        position=7,
    )


def test_list_and_show_tell_what_lies_there_and_leave_it_there(desk: Desk) -> None:
    job = Job.new("obama.jpg")
    desk.give_up(job)

    listed, shown = desk.run("list"), desk.run("show")

    assert listed.exit_code == 0
    assert f"1  {RETRIES_USED_UP}" in listed.output
    count, age, code, body = shown.output.strip().split("\t")
    assert (code, body) == (RETRIES_USED_UP, job.body)
    assert int(count) >= 2
    assert int(age.removesuffix(" s")) < 300
    (letter,) = desk.backends.dead_letters.receive(limit=10, wait_s=0)
    assert letter.body == job.body


def test_show_says_why_a_message_could_not_be_read_and_redrive_revives_its_job(
    desk: Desk,
) -> None:
    job_id = new_id()
    desk.backends.dead_letters.send(f"{job_id}:v2", notes={"reason": "another version"})
    assert desk.results.write(failed(job_id, "MALFORMED_MESSAGE", "unread"))

    shown, redriven = desk.run("show"), desk.run("redrive")

    columns = shown.output.strip().split("\t")
    assert columns[2:] == ["MALFORMED_MESSAGE", f"{job_id}:v2", "another version"]
    assert redriven.exit_code == 0, redriven.output
    assert desk.results.read(job_id) is None


def test_redriven_job_has_its_message_back_and_no_result(desk: Desk) -> None:
    jobs = [Job.new("a.jpg"), Job.new("b.jpg")]
    for job in jobs:
        desk.give_up(job)

    redriven = desk.run("redrive")

    assert redriven.exit_code == 0, redriven.output
    assert "2 jobs to run again" in redriven.output
    messages = desk.backends.queue.receive(limit=10, wait_s=1)
    assert {message.body for message in messages} == {job.body for job in jobs}
    assert [desk.results.read(job.job_id) for job in jobs] == [None, None]
    assert desk.run("list").output == f"0 messages in {desk.settings.dead_letter_queue_name}\n"


def test_redriven_index_job_is_pending_in_its_batch_again(desk: Desk) -> None:
    job = index_job()
    desk.give_up(job)
    assert len(desk.backends.outputs.keys("batches/")) == 1

    assert desk.run("redrive", "--queue", "index").exit_code == 0

    assert desk.backends.outputs.keys("batches/") == []
    (message,) = desk.queue(desk.settings.sqs_index_queue_name).receive(limit=1, wait_s=1)
    assert message.body == job.body


def test_job_that_a_sweep_fails_during_the_move_is_sent_again(
    aws_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job.new("obama.jpg")
    aws_desk.give_up(job)
    moves: Callable[[DeadLetterQueue], bool] = DeadLetterQueue.move

    def moved_during_a_sweep(letters: DeadLetterQueue) -> bool:
        done = moves(letters)
        (message,) = aws_desk.backends.queue.receive(limit=1, wait_s=1)
        aws_desk.results.write(failed(job.job_id, ABANDONED, "swept"))
        aws_desk.backends.queue.delete_many([message])
        return done

    monkeypatch.setattr(DeadLetterQueue, "move", moved_during_a_sweep)

    assert aws_desk.run("redrive").exit_code == 0

    (message,) = aws_desk.backends.queue.receive(limit=10, wait_s=1)
    assert message.body == job.body
    assert aws_desk.results.read(job.job_id) is None


def test_sqs_without_move_tasks_has_the_messages_sent_again(
    aws_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job.new("obama.jpg")
    notes = Author("0123456789ab", "order-17").notes
    aws_desk.give_up(job, notes=notes)

    def refuse(*_: object, **__: object) -> None:
        code = "AWS.SimpleQueueService.UnsupportedOperation"
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "StartMessageMoveTask")

    client = sqs_client(aws_desk.settings)
    monkeypatch.setattr(client, "start_message_move_task", refuse)
    monkeypatch.setattr(clients, "sqs_client", lambda *_, **__: client)

    redriven = aws_desk.run("redrive")

    assert redriven.exit_code == 0, redriven.output
    assert "no move tasks" in redriven.output
    (message,) = aws_desk.backends.queue.receive(limit=10, wait_s=1)
    assert message.body == job.body
    assert message.notes == notes
    assert aws_desk.results.read(job.job_id) is None


def test_redrive_waits_for_a_sweep_to_end(desk: Desk) -> None:
    job = Job.new("obama.jpg")
    desk.give_up(job)
    assert desk.backends.dead_letters.receive(limit=1, wait_s=1, visibility_s=3)

    assert desk.run("redrive").exit_code == 0

    assert desk.backends.queue.receive(limit=1, wait_s=1)


def test_purge_asks_first(desk: Desk) -> None:
    desk.give_up(Job.new("obama.jpg"))

    assert desk.run("purge", typed="n\n").exit_code == 2

    wait_until(lambda: desk.backends.dead_letters.receive(limit=1, wait_s=0))


def test_purge_leaves_no_job_without_a_result(desk: Desk) -> None:
    job = index_job()
    desk.give_up(job, code=None)

    assert desk.run("purge", "--queue", "index", "--yes").exit_code == 0

    result = desk.results.read(job.job_id)
    assert result is not None
    assert result.status == "failed"
    assert desk.backends.outputs.keys(f"batches/{job.batch_id}/000007.failed")
    assert "0 messages" in desk.run("list", "--queue", "index").output


def test_queue_that_is_not_there_is_named(aws_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = aws_desk.settings.model_copy(update={"sqs_req_queue_name": "nowhere"})
    monkeypatch.setattr(dead_letter_commands, "root_settings", lambda: gone)

    listed = aws_desk.run("list")

    assert listed.exit_code == 2
    assert "nowhere-dlq" in listed.output
