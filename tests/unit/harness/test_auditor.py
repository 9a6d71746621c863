"""The auditor finds whatever is not as it was promised."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from core.faces.results import Model
from core.jobs.recognition_job import ImageSize, Job, JobDone, failed
from core.jobs.results import Results
from core.scaling.policy import Depth
from core.testing import ManualClock, MemoryQueue, MemoryStore
from harness.auditor import Auditor, Expected, Findings
from harness.load_clients import Answer

EMPTY = Depth(visible=0, in_flight=0)
HIDDEN_S = 20


class RestlessClock(ManualClock):
    """A clock that moves a second whenever somebody looks at it."""

    def __call__(self) -> float:
        self.advance(1)
        return super().__call__()


def done(job: Job, name: str) -> JobDone:
    return JobDone(
        job_id=job.job_id,
        result=name,
        collection_id="default",
        faces=[],
        image=ImageSize(width=1, height=1),
        model=Model(name="m", version="1"),
        timings_ms={},
    )


@dataclass(kw_only=True)
class Run:
    """One accepted job, which must name Ada."""

    inputs: MemoryStore = field(default_factory=MemoryStore)
    outputs: MemoryStore = field(default_factory=MemoryStore)
    dead: MemoryQueue = field(default_factory=lambda: MemoryQueue(clock=RestlessClock()))
    job: Job = field(default_factory=lambda: Job.new("a.jpg"))
    depth: Depth = EMPTY

    def write(self, result: JobDone) -> None:
        Results(self.outputs).write(result)

    def put_photo(self, job: Job) -> None:
        self.inputs.put(job.input_key, b"photo", content_type="image/jpeg")

    def audit(self, told: str = "Ada", unreadable: Sequence[str] = ()) -> Findings:
        auditor = Auditor(
            inputs=self.inputs,
            outputs=self.outputs,
            depths={"requests": self.depth},
            dead_letters=[self.dead],
            hidden_s=HIDDEN_S,
            wait_s=0,
            clock=RestlessClock(),
        )
        answer = Answer(
            photo="a.jpg",
            expected="Ada",
            due_s=0,
            job_id=self.job.job_id,
            status="done",
            result=told,
        )
        expected = {self.job.job_id: Expected(result="Ada")}
        return auditor.audit(expected, [answer], unreadable=unreadable)


@pytest.fixture
def run() -> Run:
    run = Run()
    run.put_photo(run.job)
    return run


def test_nothing_is_found_where_all_is_as_promised(run: Run) -> None:
    run.write(done(run.job, "Ada"))

    assert not run.audit()


def test_job_without_a_result_is_lost(run: Run) -> None:
    assert run.audit().lost == [run.job.job_id]


def test_wrong_name_is_found(run: Run) -> None:
    run.write(done(run.job, "Bob"))

    assert run.audit(told="Bob").wrong == [f"{run.job.job_id}: Bob"]


def test_client_that_was_told_something_else_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))

    assert run.audit(told="Bob").told_otherwise == [run.job.job_id]


def test_result_that_nobody_asked_for_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    other = Job.new("b.jpg")
    run.write(done(other, "Ada"))

    assert run.audit().foreign_results == [other.job_id]


def test_photo_without_a_job_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    other = Job.new("b.jpg")
    run.put_photo(other)

    assert run.audit().orphan_photos == [other.input_key]


def test_message_that_was_left_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    run.depth = Depth(visible=0, in_flight=2)

    assert run.audit().left_in_queues == ["requests: 0 visible, 2 in flight"]


def test_message_that_was_destroyed_unread_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    run.dead.send("kept", notes={"reason": "it names no job"})
    run.dead.send("kept without a reason")

    findings = run.audit(unreadable=["kept", "kept without a reason", "gone"])

    assert findings.destroyed_unread == ["kept without a reason", "gone"]


def test_message_that_a_sweep_hides_is_waited_for(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    run.dead.send("kept", notes={"reason": "it names no job"})
    run.dead.receive(limit=1, wait_s=0, visibility_s=HIDDEN_S // 2)

    assert not run.audit(unreadable=["kept"])


def test_dead_letter_without_a_result_is_found(run: Run) -> None:
    run.write(done(run.job, "Ada"))
    buried, failed_job = Job.new("b.jpg"), Job.new("c.jpg")
    run.dead.send(buried.body)
    run.dead.send(failed_job.body)
    Results(run.outputs).write(failed(failed_job.job_id, "JOB_ABANDONED", "a reason"))

    assert run.audit().dead_without_result == [buried.job_id]


def test_expected_failure_is_met_by_its_code_alone() -> None:
    expected = Expected(codes=frozenset({"INVALID_IMAGE"}))
    job = Job.new("a.jpg")

    assert expected.is_met_by(failed(job.job_id, "INVALID_IMAGE", "a reason"))
    assert not expected.is_met_by(failed(job.job_id, "INTERNAL_ERROR", "a reason"))
    assert not expected.is_met_by(done(job, "Ada"))
