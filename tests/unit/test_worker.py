"""The worker's loop on in-memory services."""

import threading
from dataclasses import dataclass, field

import pytest

from core.dead_letters import ABANDONED
from core.errors import QueueUnavailable, RecognizerDied, StorageUnavailable
from core.faces.results import Recognition
from core.jobs import Job
from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue, MemoryStore
from tests.support.faces import recognition
from tests.support.waiting import wait_until
from tests.support.workers import join_worker
from tests.support.worlds import World


class GatedRecognizer:
    """Answers when the gate opens; dies when it is stopped before."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.running = 0
        self.most_running = 0

    def recognise(self, photo: bytes) -> Recognition:
        self._count(+1)
        try:
            while not self.gate.wait(0.01):
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
    clock: ManualClock = field(default_factory=ManualClock)
    recognizer: GatedRecognizer = field(default_factory=GatedRecognizer)

    def __post_init__(self) -> None:
        self.queue = MemoryQueue(clock=self.clock)
        self.dead_letters = MemoryQueue(clock=self.clock)
        self.inputs, self.outputs = MemoryStore(), MemoryStore()
        world = World(
            queue=self.queue,
            dead_letters=self.dead_letters,
            inputs=self.inputs,
            outputs=self.outputs,
            gallery=MemoryStore(),
            let_pass=self.clock.advance,
        )
        self.worker = join_worker(
            world,
            self.recognizer,
            slots=self.slots,
            grace_s=self.grace_s,
            sweep_interval_s=10,
            clock=self.clock,
        ).worker
        self.thread = threading.Thread(target=self.worker.run)

    def accept(self) -> Job:
        job = Job.new("a.jpg")
        self.inputs.objects[job.input_key] = b"photo"
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
    assert set(tier.outputs.objects) == {job.output_key for job in jobs}
    assert tier.queue.bodies == []


def test_stop_lets_running_jobs_finish() -> None:
    tier = Tier()
    job = tier.accept()
    tier.thread.start()
    wait_until(lambda: tier.recognizer.running == 1)

    tier.worker.stop()
    tier.recognizer.gate.set()
    tier.thread.join(timeout=10)

    assert job.output_key in tier.outputs.objects
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
    monkeypatch.setattr("core.worker._MAX_PAUSE_S", 0.1)
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

    wait_until(lambda: job.output_key in tier.outputs.objects)
    tier.stop()
    assert tier.queue.bodies == []


def test_worker_receives_nothing_while_storage_is_away() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.inputs.available = False
    tier.queue.send(Job.new("a.jpg").body)
    for future in tier.worker.run_once():
        future.result()
    tier.queue.send(Job.new("b.jpg").body)

    with pytest.raises(StorageUnavailable):
        tier.worker.run_once()

    tier.inputs.available = True
    assert len(tier.worker.run_once()) == 1


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

    assert ABANDONED.encode() in tier.outputs.objects[job.output_key]


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
