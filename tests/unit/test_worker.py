"""The worker's loop on in-memory services."""

import threading
from dataclasses import dataclass, field

import pytest

from core.dead_letters import ABANDONED, DeadLetterSweeper
from core.errors import RecognizerDied, StorageUnavailable
from core.faces.recognition import Recognition
from core.gallery.stored_index import StoredFaceIndex
from core.job_handler import JobHandler
from core.jobs import Job
from core.naming import FaceNamer
from core.results import Results
from core.testing import ManualClock, MemoryQueue, MemoryStore
from core.visibility import VisibilityHeartbeat
from core.worker import Worker
from tests.support.faces import recognition
from tests.support.waiting import wait_until


class GatedRecognizer:
    """Answers when the gate opens; dies when it is stopped before."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.stopped = threading.Event()
        self.running = 0

    def recognise(self, photo: bytes) -> Recognition:
        self.running += 1
        while not self.gate.wait(0.01):
            if self.stopped.is_set():
                raise RecognizerDied("stopped")
        return recognition()


@dataclass(kw_only=True)
class Tier:
    slots: int = 2
    grace_s: float = 5
    clock: ManualClock = field(default_factory=ManualClock)
    recognizer: GatedRecognizer = field(default_factory=GatedRecognizer)
    inputs: MemoryStore = field(default_factory=MemoryStore)
    outputs: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.dead_letters = MemoryQueue(clock=self.clock)
        self.queue = MemoryQueue(clock=self.clock, dead_letters=self.dead_letters)
        results = Results(self.outputs)
        self.worker = Worker(
            queue=self.queue,
            handler=JobHandler(
                queue=self.queue,
                inputs=self.inputs,
                results=results,
                recognizer=self.recognizer,
                namer=FaceNamer(StoredFaceIndex(MemoryStore(), refresh_s=0), max_distance=0.6),
                responses=None,
                max_receive_count=5,
                max_file_bytes=100,
                backoff_s=1,
            ),
            heartbeat=VisibilityHeartbeat(self.queue, visibility_s=60, interval_s=0),
            sweeper=DeadLetterSweeper(self.dead_letters, results, interval_s=10, clock=self.clock),
            slots=self.slots,
            wait_s=0,
            grace_s=self.grace_s,
            check_stores=self.inputs.check,
            stop_recognizer=self.recognizer.stopped.set,
            on_alive=lambda: None,
        )
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

    assert len([b for b in tier.queue.bodies if b]) == 5
    tier.recognizer.gate.set()
    wait_until(lambda: len(tier.outputs.objects) == 5)
    tier.stop()

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


def test_worker_goes_on_after_the_queue_was_away() -> None:
    tier = Tier()
    tier.recognizer.gate.set()
    tier.queue.available = False
    tier.thread.start()
    tier.queue.available = True
    job = tier.accept()

    wait_until(lambda: job.output_key in tier.outputs.objects)
    tier.stop()


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
