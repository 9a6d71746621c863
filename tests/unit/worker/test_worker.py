"""The worker's loop on in-memory services."""

import threading
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
from core.worker.job_handler import Outcome
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
class Tier:
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
    tier = Tier(slots=2)
    jobs = [tier.accept() for _ in range(5)]
    tier.thread.start()
    wait_until(lambda: tier.recognizer.running == 2)

    tier.recognizer.gate.set()
    wait_until(lambda: len(tier.outputs.objects) == 5)
    tier.stop()

    assert tier.recognizer.most_running == 2
    assert set(tier.outputs.objects) == {job.job_id for job in jobs}
    assert tier.queue.bodies == []


def test_stop_lets_running_jobs_finish() -> None:
    tier = Tier()
    job = tier.accept()
    tier.thread.start()
    wait_until(lambda: tier.recognizer.running == 1)

    tier.worker.stop()
    tier.recognizer.gate.set()
    tier.thread.join(timeout=10)

    assert job.job_id in tier.outputs.objects
    assert tier.queue.bodies == []


def test_jobs_over_the_grace_go_back_to_the_queue_at_once() -> None:
    tier = Tier(grace_s=0.1)
    job = tier.accept()
    tier.thread.start()
    wait_until(lambda: tier.recognizer.running == 1)

    tier.stop()

    assert tier.outputs.objects == {}
    assert tier.queue.visibility_changes[-1] == (job.body, 0)


@pytest.mark.parametrize("trouble", [QueueUnavailable("away"), ZeroDivisionError("a bug")])
def test_worker_goes_on_after_a_round_that_failed(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.worker.consumer._MAX_PAUSE_S", 0.1)
    tier = Tier()
    tier.recognizer.gate.set()
    receive = tier.queue.receive

    def fail(**_: object) -> list[ReceivedMessage]:
        raise trouble

    tier.queue.receive = fail  # type: ignore[method-assign]
    tier.thread.start()
    wait_until(lambda: "worker paused" in caplog.text or "broke off" in caplog.text)
    tier.queue.receive = receive  # type: ignore[method-assign]
    job = tier.accept()

    wait_until(lambda: job.job_id in tier.outputs.objects)
    tier.stop()
    assert tier.queue.bodies == []


def test_worker_receives_nothing_while_storage_is_away() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.inputs.available = False
    tier.accept()
    assert tier.worker.run_once() == [Outcome.LEFT_ALONE]
    job = tier.accept()

    assert tier.worker.run_once() == []
    assert job.body not in tier.queue.in_flight

    tier.inputs.available = True
    tier.clock.advance(1)
    assert tier.worker.run_once() == [Outcome.DONE] * 2


def test_messages_received_ahead_wait_for_storage_to_come_back() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.inputs.available = False
    for _ in range(5):
        tier.accept()

    assert tier.worker.run_once() == [Outcome.LEFT_ALONE] * 2
    tier.inputs.available = True
    tier.clock.advance(1)

    assert tier.worker.run_once() == [Outcome.DONE] * 5


def test_running_worker_goes_on_when_storage_is_back(caplog: pytest.LogCaptureFixture) -> None:
    tier = Tier()
    tier.inputs.available = False
    jobs = [tier.accept(QUICK) for _ in range(12)]
    tier.thread.start()
    wait_until(lambda: "worker paused" in caplog.text)

    tier.inputs.available = True
    tier.clock.advance(VISIBILITY_S)

    wait_until(lambda: len(tier.outputs.objects) == len(jobs))
    tier.stop()

    assert set(tier.outputs.objects) == {job.job_id for job in jobs}


def test_message_that_became_visible_while_it_waited_is_not_handled() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.inputs.available = False
    jobs = [tier.accept() for _ in range(3)]
    tier.worker.run_once()
    tier.inputs.available = True
    tier.clock.advance(VISIBILITY_S)

    outcomes = [outcome for _ in range(2) for outcome in tier.worker.run_once()]

    assert outcomes == [Outcome.DONE] * 3
    assert set(tier.outputs.objects) == {job.job_id for job in jobs}
    assert tier.queue.bodies == []


def test_messages_received_ahead_are_kept_hidden_by_the_heartbeat() -> None:
    tier = Tier(slots=1)
    jobs = [tier.accept() for _ in range(8)]
    tier.thread.start()
    wait_until(lambda: len(tier.queue.in_flight) == 8)

    tier.inbox.heartbeat.beat()

    assert tier.queue.visibility_changes == [(job.body, VISIBILITY_S) for job in jobs]
    tier.recognizer.gate.set()
    tier.stop()


def test_worker_is_busy_from_receipt_to_settlement() -> None:
    tier = Tier()
    assert not tier.worker.is_busy()
    tier.accept()
    tier.thread.start()

    wait_until(tier.worker.is_busy)
    tier.recognizer.gate.set()

    wait_until(lambda: not tier.worker.is_busy())
    tier.stop()


def test_message_of_a_job_that_was_broken_off_stays_hidden() -> None:
    tier = Tier()
    tier.inputs.available = False
    job = tier.accept()
    assert tier.worker.run_once() == [Outcome.LEFT_ALONE]

    tier.clock.advance(VISIBILITY_S / 2)
    tier.worker.run_once()

    assert tier.queue.visibility_changes == [(job.body, VISIBILITY_S)]


def test_pause_of_a_retry_is_never_overwritten_by_the_heartbeat() -> None:
    tier = Tier()
    tier.recognizer.stop()
    job = tier.accept()
    set_visibility = tier.queue.set_visibility

    def set_it_and_beat(message: ReceivedMessage, seconds: float) -> None:
        set_visibility(message, seconds)
        tier.inbox.heartbeat.beat()

    tier.queue.set_visibility = set_it_and_beat  # type: ignore[method-assign]

    assert tier.worker.run_once() == [Outcome.RETRIED]
    ((body, pause_s),) = tier.queue.visibility_changes
    assert body == job.body
    assert pause_s <= 1


def test_messages_that_have_not_begun_are_released_at_once_on_stop() -> None:
    tier = Tier(slots=1)
    jobs = [tier.accept() for _ in range(8)]
    tier.thread.start()
    wait_until(lambda: tier.inputs.gets == 2 and len(tier.queue.in_flight) == 8)

    tier.worker.stop()
    wait_until(lambda: len(tier.queue.in_flight) == 2)

    assert tier.recognizer.running == 1
    tier.recognizer.gate.set()
    tier.stop()
    assert set(tier.outputs.objects) == {job.job_id for job in jobs[:2]}
    assert sorted(tier.queue.bodies) == sorted(job.body for job in jobs[2:])


def test_message_that_a_receive_brings_after_stop_is_handled_by_an_idle_child(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    tier = Tier()
    arrived = threading.Event()
    receive = tier.queue.receive

    def wait_and_receive(**options: Any) -> list[ReceivedMessage]:
        arrived.wait(10)
        return receive(**options)

    tier.queue.receive = wait_and_receive  # type: ignore[method-assign]
    tier.thread.start()
    tier.worker.stop()
    wait_until(lambda: "worker is draining" in caplog.text)
    job = tier.accept(QUICK)
    arrived.set()

    tier.thread.join(timeout=10)
    assert job.job_id in tier.outputs.objects
    assert tier.queue.bodies == []


def test_slow_photo_does_not_hold_up_those_received_with_it() -> None:
    tier = Tier(slots=2)
    slow = tier.accept()
    quick = [tier.accept(QUICK) for _ in range(9)]
    tier.thread.start()

    wait_until(lambda: len(tier.outputs.objects) == 9)

    assert set(tier.outputs.objects) == {job.job_id for job in quick}
    tier.recognizer.gate.set()
    wait_until(lambda: slow.job_id in tier.outputs.objects)
    tier.stop()


def test_backlog_takes_three_and_a_half_requests_a_job_at_most() -> None:
    tier = Tier(slots=4, wait_s=2)  # or a slow machine's empty receives would be many
    requests: list[str] = []
    for part, methods in (
        (tier.queue, ("receive", "delete_many", "set_visibility_many")),
        (tier.inputs, ("get",)),
        (tier.outputs, ("get", "put_if")),
    ):
        for method in methods:
            count_calls(part, method, requests)
    for _ in range(100):
        tier.accept(QUICK)

    tier.thread.start()
    wait_until(lambda: tier.queue.bodies == [])
    used = len(requests)
    tier.stop()

    assert 200 <= used <= 350


def count_calls(part: object, method: str, calls: list[str]) -> None:
    """Note every call of a method."""
    called = getattr(part, method)

    def counted(*args: object, **options: object) -> object:
        calls.append(method)
        return called(*args, **options)

    setattr(part, method, counted)


def test_dead_letters_are_swept_at_every_interval() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.worker.run_once()
    job = Job.new("a.jpg")
    tier.dead_letters.send(job.body)

    tier.worker.run_once()
    assert tier.outputs.objects == {}
    tier.clock.advance(10)
    tier.worker.run_once()

    assert ABANDONED.encode() in tier.outputs.objects[job.job_id]


def test_sweep_that_meets_an_absent_queue_does_not_stop_the_worker() -> None:
    tier = Tier()
    tier.dead_letters.available = False

    assert tier.worker.run_once() == []


def test_more_dead_letters_than_one_sweep_takes_are_all_failed() -> None:
    tier = Tier()
    for _ in range(1200):
        tier.dead_letters.send(Job.new("a.jpg").body)

    for _ in range(3):
        tier.worker.run_once()
        tier.clock.advance(10)

    assert len(tier.outputs.objects) == 1200


def test_message_whose_deletion_is_refused_at_once_stays_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.accept()
    delete = tier.inbox.acknowledger.delete

    def delete_at_once(message: ReceivedMessage) -> None:
        monkeypatch.setattr(tier.queue, "delete_many", lambda _: refuse())
        delete(message)
        tier.inbox.flush()

    monkeypatch.setattr(tier.inbox.acknowledger, "delete", delete_at_once)

    assert tier.worker.run_once() == [Outcome.DONE]
    assert tier.inbox.is_busy()


def refuse() -> None:
    raise QueueUnavailable("refused by the test")
