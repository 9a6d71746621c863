"""The worker's loop on in-memory services."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.bootstrap.worker import build_worker
from core.errors import QueueUnavailable, RecognizerDied
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.jobs.recognition_job import Job
from core.ports import ReceivedMessage
from core.settings import Settings
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.job_handler import JobHandler
from core.worker.outcomes import Outcome
from harness.waiting import wait_until
from tests.support.faces import recognition
from tests.support.infrastructure import MemoryInfrastructure

VISIBILITY_S = 60
SETTINGS = Settings(
    _env_file=None,
    dead_letter_sweep_seconds=10,
    retry_backoff_seconds=1,
    sqs_visibility_timeout_seconds=VISIBILITY_S,
    visibility_heartbeat_seconds=0,
)
QUICK = b"a quick photo"


class GatedRecognizer:
    """Answers quick photos at once, others when the gate opens; dies when stopped before."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.running = 0
        self.most_running = 0

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        self._count(+1)
        try:
            while photo != QUICK and not self.gate.wait(0.01):
                if self._stopped.is_set():
                    raise RecognizerDied("stopped")
            return recognition()
        finally:
            self._count(-1)

    def stop(self) -> None:
        self._stopped.set()

    def _count(self, change: int) -> None:
        with self._lock:
            self.running += change
            self.most_running = max(self.most_running, self.running)


@dataclass(kw_only=True)
class WorkerFixture:
    slots: int = 2
    grace_s: float = 5
    wait_s: float = 0.05
    recognizer: GatedRecognizer = field(default_factory=GatedRecognizer)

    def __post_init__(self) -> None:
        settings = SETTINGS.model_copy(
            update={
                "worker_processes": self.slots,
                "shutdown_grace_seconds": self.grace_s,
                "sqs_wait_time_seconds": self.wait_s,
            }
        )
        memory = MemoryInfrastructure(
            settings=settings, recognizer=self.recognizer, seconds_a_photo=0
        )
        self.clock = memory.clock
        self.queue = memory.queue(settings.sqs_req_queue_name)
        self.dead_letters = memory.queue(settings.dead_letter_queue_name)
        self.inputs = memory.bucket(settings.s3_in_bucket)
        self.outputs = memory.bucket(settings.s3_out_bucket)
        parts = build_worker(settings, memory.joined())
        self.worker, self.inbox = parts.worker, parts.lanes[0].inbox
        self.thread = threading.Thread(target=self.worker.run)

    def accept(self, photo: bytes = b"photo") -> Job:
        job = Job.new("a.jpg")
        self.inputs.objects[job.input_key] = photo
        self.queue.send(job.body)
        return job

    def stop(self) -> None:
        self.worker.stop()
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


def test_worker_handles_as_many_jobs_at_a_time_as_it_has_slots() -> None:
    fixture = WorkerFixture(slots=2)
    jobs = [fixture.accept() for _ in range(5)]
    fixture.thread.start()
    wait_until(lambda: fixture.recognizer.running == 2)

    fixture.recognizer.gate.set()
    wait_until(lambda: len(fixture.outputs.objects) == 5)
    fixture.stop()

    assert fixture.recognizer.most_running == 2
    assert set(fixture.outputs.objects) == {job.job_id for job in jobs}
    assert fixture.queue.bodies == []


def test_stop_lets_running_jobs_finish() -> None:
    fixture = WorkerFixture()
    job = fixture.accept()
    fixture.thread.start()
    wait_until(lambda: fixture.recognizer.running == 1)

    fixture.worker.stop()
    fixture.recognizer.gate.set()
    fixture.thread.join(timeout=10)

    assert job.job_id in fixture.outputs.objects
    assert fixture.queue.bodies == []


def test_jobs_over_the_grace_go_back_to_the_queue_at_once() -> None:
    fixture = WorkerFixture(grace_s=0.1)
    job = fixture.accept()
    fixture.thread.start()
    wait_until(lambda: fixture.recognizer.running == 1)

    fixture.stop()

    assert fixture.outputs.objects == {}
    assert fixture.queue.visibility_changes[-1] == (job.body, 0)


@pytest.mark.parametrize("trouble", [QueueUnavailable("away"), ZeroDivisionError("a bug")])
def test_worker_goes_on_after_a_round_that_failed(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.worker.consumer._MAX_PAUSE_S", 0.1)
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    receive = fixture.queue.receive

    def fail(**_: object) -> list[ReceivedMessage]:
        raise trouble

    fixture.queue.receive = fail  # type: ignore[method-assign]
    fixture.thread.start()
    wait_until(lambda: "worker paused" in caplog.text or "broke off" in caplog.text)
    fixture.queue.receive = receive  # type: ignore[method-assign]
    job = fixture.accept()

    wait_until(lambda: job.job_id in fixture.outputs.objects)
    fixture.stop()
    assert fixture.queue.bodies == []


def test_worker_receives_nothing_while_storage_is_away() -> None:
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    fixture.inputs.available = False
    fixture.accept()
    assert fixture.worker.run_once() == [Outcome.LEFT_ALONE]
    job = fixture.accept()

    assert fixture.worker.run_once() == []
    assert job.body not in fixture.queue.in_flight

    fixture.inputs.available = True
    fixture.clock.advance(1)
    assert fixture.worker.run_once() == [Outcome.DONE] * 2


def test_messages_received_ahead_wait_for_storage_to_come_back() -> None:
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    fixture.inputs.available = False
    for _ in range(5):
        fixture.accept()

    assert fixture.worker.run_once() == [Outcome.LEFT_ALONE] * 2
    fixture.inputs.available = True
    fixture.clock.advance(1)

    assert fixture.worker.run_once() == [Outcome.DONE] * 5


def test_running_worker_goes_on_when_storage_is_back(caplog: pytest.LogCaptureFixture) -> None:
    fixture = WorkerFixture()
    fixture.inputs.available = False
    jobs = [fixture.accept(QUICK) for _ in range(12)]
    fixture.thread.start()
    wait_until(lambda: "worker paused" in caplog.text)

    fixture.inputs.available = True
    fixture.clock.advance(VISIBILITY_S)

    wait_until(lambda: len(fixture.outputs.objects) == len(jobs))
    fixture.stop()

    assert set(fixture.outputs.objects) == {job.job_id for job in jobs}


def test_message_that_became_visible_while_it_waited_is_not_handled() -> None:
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    fixture.inputs.available = False
    jobs = [fixture.accept() for _ in range(3)]
    fixture.worker.run_once()
    fixture.inputs.available = True
    fixture.clock.advance(VISIBILITY_S)

    outcomes = [outcome for _ in range(2) for outcome in fixture.worker.run_once()]

    assert outcomes == [Outcome.DONE] * 3
    assert set(fixture.outputs.objects) == {job.job_id for job in jobs}
    assert fixture.queue.bodies == []


def test_messages_received_ahead_are_kept_hidden_by_the_heartbeat() -> None:
    fixture = WorkerFixture(slots=1)
    jobs = [fixture.accept() for _ in range(8)]
    fixture.thread.start()
    wait_until(lambda: len(fixture.queue.in_flight) == 8)

    fixture.inbox.heartbeat.beat()

    assert fixture.queue.visibility_changes == [(job.body, VISIBILITY_S) for job in jobs]
    fixture.recognizer.gate.set()
    fixture.stop()


def test_worker_is_busy_from_receipt_to_settlement() -> None:
    fixture = WorkerFixture()
    assert not fixture.worker.is_busy()
    fixture.accept()
    fixture.thread.start()

    wait_until(fixture.worker.is_busy)
    fixture.recognizer.gate.set()

    wait_until(lambda: not fixture.worker.is_busy())
    fixture.stop()


def test_message_of_a_job_that_was_broken_off_stays_hidden() -> None:
    fixture = WorkerFixture()
    fixture.inputs.available = False
    job = fixture.accept()
    assert fixture.worker.run_once() == [Outcome.LEFT_ALONE]

    fixture.clock.advance(VISIBILITY_S / 2)
    fixture.worker.run_once()

    assert fixture.queue.visibility_changes == [(job.body, VISIBILITY_S)]


def test_pause_of_a_retry_is_never_overwritten_by_the_heartbeat() -> None:
    fixture = WorkerFixture()
    fixture.recognizer.stop()
    job = fixture.accept()
    set_visibility = fixture.queue.set_visibility

    def set_it_and_beat(message: ReceivedMessage, seconds: float) -> None:
        set_visibility(message, seconds)
        fixture.inbox.heartbeat.beat()

    fixture.queue.set_visibility = set_it_and_beat  # type: ignore[method-assign]

    assert fixture.worker.run_once() == [Outcome.RETRIED]
    ((body, pause_s),) = fixture.queue.visibility_changes
    assert body == job.body
    assert pause_s <= 1


def test_messages_that_have_not_begun_are_released_at_once_on_stop() -> None:
    fixture = WorkerFixture(slots=1)
    jobs = [fixture.accept() for _ in range(8)]
    fixture.thread.start()
    wait_until(lambda: fixture.inputs.gets == 2 and len(fixture.queue.in_flight) == 8)

    fixture.worker.stop()
    wait_until(lambda: len(fixture.queue.in_flight) == 2)

    assert fixture.recognizer.running == 1
    fixture.recognizer.gate.set()
    fixture.stop()
    assert set(fixture.outputs.objects) == {job.job_id for job in jobs[:2]}
    assert sorted(fixture.queue.bodies) == sorted(job.body for job in jobs[2:])


def test_message_that_a_receive_brings_after_stop_is_handled_by_an_idle_child(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    fixture = WorkerFixture()
    arrived = threading.Event()
    receive = fixture.queue.receive

    def wait_and_receive(**options: Any) -> list[ReceivedMessage]:
        arrived.wait(10)
        return receive(**options)

    fixture.queue.receive = wait_and_receive  # type: ignore[method-assign]
    fixture.thread.start()
    fixture.worker.stop()
    wait_until(lambda: "worker is draining" in caplog.text)
    job = fixture.accept(QUICK)
    arrived.set()

    fixture.thread.join(timeout=10)
    assert job.job_id in fixture.outputs.objects
    assert fixture.queue.bodies == []


def test_slow_photo_does_not_hold_up_those_received_with_it() -> None:
    fixture = WorkerFixture(slots=2)
    slow = fixture.accept()
    quick = [fixture.accept(QUICK) for _ in range(9)]
    fixture.thread.start()

    wait_until(lambda: len(fixture.outputs.objects) == 9)

    assert set(fixture.outputs.objects) == {job.job_id for job in quick}
    fixture.recognizer.gate.set()
    wait_until(lambda: slow.job_id in fixture.outputs.objects)
    fixture.stop()


def test_backlog_takes_three_and_a_half_requests_a_job_at_most() -> None:
    fixture = WorkerFixture(slots=4, wait_s=2)  # or a slow machine's empty receives would be many
    requests: list[str] = []
    for part, methods in (
        (fixture.queue, ("receive", "delete_many", "set_visibility_many")),
        (fixture.inputs, ("get",)),
        (fixture.outputs, ("get", "put_if")),
    ):
        for method in methods:
            count_calls(part, method, requests)
    for _ in range(100):
        fixture.accept(QUICK)

    fixture.thread.start()
    wait_until(lambda: fixture.queue.bodies == [])
    used = len(requests)
    fixture.stop()

    assert 200 <= used <= 350


def count_calls(part: object, method: str, calls: list[str]) -> None:
    """Note every call of a method."""
    called = getattr(part, method)

    def counted(*args: object, **options: object) -> object:
        calls.append(method)
        return called(*args, **options)

    setattr(part, method, counted)


def test_dead_letters_are_swept_at_every_interval() -> None:
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    fixture.worker.run_once()
    job = Job.new("a.jpg")
    fixture.dead_letters.send(job.body)

    fixture.worker.run_once()
    assert fixture.outputs.objects == {}
    fixture.clock.advance(10)
    fixture.worker.run_once()

    assert ABANDONED.encode() in fixture.outputs.objects[job.job_id]


def test_sweep_that_meets_an_absent_queue_does_not_stop_the_worker() -> None:
    fixture = WorkerFixture()
    fixture.dead_letters.available = False

    assert fixture.worker.run_once() == []


def test_more_dead_letters_than_one_sweep_takes_are_all_failed() -> None:
    fixture = WorkerFixture()
    for _ in range(1200):
        fixture.dead_letters.send(Job.new("a.jpg").body)

    for _ in range(3):
        fixture.worker.run_once()
        fixture.clock.advance(10)

    assert len(fixture.outputs.objects) == 1200


def test_message_whose_deletion_is_refused_at_once_stays_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixture = WorkerFixture()
    fixture.recognizer.gate.set()
    fixture.accept()
    delete = fixture.inbox.acknowledger.delete

    def delete_at_once(message: ReceivedMessage) -> None:
        monkeypatch.setattr(fixture.queue, "delete_many", lambda _: refuse())
        delete(message)
        fixture.inbox.flush()

    monkeypatch.setattr(fixture.inbox.acknowledger, "delete", delete_at_once)

    assert fixture.worker.run_once() == [Outcome.DONE]
    assert fixture.inbox.is_busy()


def refuse() -> None:
    raise QueueUnavailable("refused by the test")


def test_every_log_line_of_a_job_has_its_id(
    monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    fixture = WorkerFixture()
    job = fixture.accept(QUICK)

    def break_off(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(JobHandler, "handle", break_off)
    fixture.worker.run_once()

    assert "job handling broke off" in {line["message"] for line in log_lines()}
    assert {line["job_id"] for line in log_lines()} == {job.job_id}
