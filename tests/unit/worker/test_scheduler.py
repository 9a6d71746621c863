"""Which lane gets a free child, and a worker with two lanes."""

import threading
from dataclasses import dataclass, field

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.worker import build_worker
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job
from core.ports import Recognizer
from core.settings import Settings
from core.worker.scheduler import ChildScheduler, FairPolicy, Priority
from harness.waiting import wait_until
from tests.support.faces import recognition
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(
    _env_file=None, allowed_buckets=("albums",), sqs_wait_time_seconds=1, worker_processes=1
)

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK


@dataclass(kw_only=True)
class OneChild:
    """Recognises one photo at a time, notes the order, and begins when the gate opens."""

    gate: threading.Event = field(default_factory=threading.Event)
    order: list[bytes] = field(default_factory=list)

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        self.order.append(photo)
        assert self.gate.wait(10)
        return recognition()


def turns_of(policy: FairPolicy, rounds: int, waiting: set[Priority]) -> list[Priority]:
    turns = []
    for _ in range(rounds):
        turns.append(policy.next(waiting))
        policy.note(turns[-1], waiting)
    return turns


def test_every_fourth_turn_is_the_bulk_lanes_while_both_wait() -> None:
    turns = turns_of(FairPolicy(), 8, {INTERACTIVE, BULK})

    assert turns == [INTERACTIVE] * 3 + [BULK] + [INTERACTIVE] * 3 + [BULK]


def test_lane_that_waits_alone_has_every_turn() -> None:
    policy = FairPolicy()

    assert turns_of(policy, 5, {BULK}) == [BULK] * 5
    assert turns_of(policy, 5, {INTERACTIVE}) == [INTERACTIVE] * 5


def test_waiting_photos_are_recognised_in_turns_and_each_lane_in_its_order() -> None:
    child = OneChild()
    scheduler = ChildScheduler(child, children=1)
    threads: list[threading.Thread] = []

    def wait_with(priority: Priority, photo: bytes) -> None:
        lane = scheduler.of(priority)
        threads.append(threading.Thread(target=lane.recognise, args=[photo]))
        threads[-1].start()

    wait_with(BULK, b"running")
    wait_until(lambda: child.order)
    for number in range(5):
        for priority, letter in ((BULK, "b"), (INTERACTIVE, "i")):
            wait_with(priority, f"{letter}{number}".encode())
            wait_until(lambda priority=priority, n=number: scheduler.waiting(priority) == n + 1)  # type: ignore[misc]
    child.gate.set()
    for thread in threads:
        thread.join(timeout=10)

    assert b" ".join(child.order) == b"running i0 i1 i2 b0 i3 i4 b1 b2 b3 b4"


def test_photo_that_fails_gives_its_child_back() -> None:
    class Failing:
        def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
            raise ZeroDivisionError

    lane = ChildScheduler(Failing(), children=1).of(BULK)

    for _ in range(3):  # with one child kept for good, the second photo would wait for ever
        with pytest.raises(ZeroDivisionError):
            lane.recognise(b"photo")


def index_job(number: int) -> IndexJob:
    return IndexJob(
        job_id=new_id(),
        image_id=f"photo {number}",
        collection_id="album",
        s3_bucket="albums",
        s3_key=f"{number}.jpg",
    )


@pytest.fixture
def schedulers(monkeypatch: pytest.MonkeyPatch) -> list[ChildScheduler]:
    """Return the schedulers of the workers that are built from now on."""
    made: list[ChildScheduler] = []

    def noted(recognizer: Recognizer, *, children: int) -> ChildScheduler:
        made.append(ChildScheduler(recognizer, children=children))
        return made[-1]

    monkeypatch.setattr("core.bootstrap.worker.ChildScheduler", noted)
    return made


def test_upload_during_a_bulk_backlog_waits_for_no_more_than_the_running_photo(
    schedulers: list[ChildScheduler],
) -> None:
    child = OneChild()
    memory = MemoryInfrastructure(settings=SETTINGS, recognizer=child)
    Shared(SETTINGS, memory.joined()).collections.create("album")
    memory.bucket("albums").objects.update({f"{number}.jpg": b"bulk" for number in range(30)})
    uploads = memory.queue(SETTINGS.sqs_req_queue_name)
    bulk = memory.queue(SETTINGS.sqs_index_queue_name)
    worker = build_worker(SETTINGS, memory.joined()).worker
    bulk.send_many([index_job(number).body for number in range(30)])
    thread = threading.Thread(target=worker.run)
    thread.start()
    (scheduler,) = schedulers
    wait_until(lambda: child.order and scheduler.waiting(BULK))

    upload = Job.new("a.jpg")
    memory.bucket(SETTINGS.s3_in_bucket).objects[upload.input_key] = b"upload"
    uploads.send(upload.body)
    wait_until(lambda: scheduler.waiting(INTERACTIVE))
    child.gate.set()
    wait_until(lambda: bulk.bodies == [])
    worker.stop()
    thread.join(timeout=10)

    assert child.order.index(b"upload") == 1
    assert len(memory.bucket(SETTINGS.s3_out_bucket).objects) == 31
