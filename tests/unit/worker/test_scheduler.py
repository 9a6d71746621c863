"""Which lane gets a free child, and a worker with two lanes."""

import threading
from dataclasses import dataclass, field

import pytest

from core.faces.results import EVERY_FACE, Model, Needed, Recognition
from core.ground.ids import new_id
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.recognition_job import ImageSize, Job
from core.jobs.results import JobResult
from core.ports import ObjectStore, Recognizer
from core.testing import ManualClock, MemoryQueue
from core.worker.lane import Lane
from core.worker.scheduler import ChildScheduler, FairPolicy, Priority
from harness.waiting import wait_until
from tests.support.faces import recognition
from tests.support.workers import join_lane, join_worker
from tests.support.worlds import memory_world

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


class RecognisedOnly:
    """Index jobs whose photos are recognised and whose faces are not enrolled."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def parse(self, body: str) -> IndexJob:
        return IndexJob.from_body(body)

    def answer(self, job: IndexJob) -> IndexDone:
        self._recognizer.recognise(b"bulk")
        return IndexDone(
            job_id=job.job_id,
            collection_id=job.collection_id,
            image_id=job.image_id,
            face_records=[],
            unindexed_faces=[],
            image=ImageSize(width=1, height=1),
            model=Model(name="m", version="1"),
        )

    def note_outcome(self, job: IndexJob, result: JobResult) -> None: ...


def test_upload_during_a_bulk_backlog_waits_for_no_more_than_the_running_photo() -> None:
    world, clock, child = memory_world(), ManualClock(), OneChild()
    bulk = MemoryQueue(clock=clock)
    made: list[ChildScheduler] = []

    def bulk_lanes(scheduler: ChildScheduler, outputs: ObjectStore) -> list[Lane]:
        made.append(scheduler)
        return [
            join_lane(
                bulk,
                name="bulk",
                threads=2,
                outputs=outputs,
                kind=RecognisedOnly(scheduler.of(BULK)),
                dead_letters=MemoryQueue(clock=clock),
                clock=clock,
            )
        ]

    worker = join_worker(world, child, clock=clock, grace_s=10, more_lanes=bulk_lanes).worker
    bulk.send_many([index_job(number).body for number in range(30)])
    thread = threading.Thread(target=worker.run)
    thread.start()
    (scheduler,) = made
    wait_until(lambda: child.order and scheduler.waiting(BULK))

    upload = Job.new("a.jpg")
    world.inputs.put(upload.input_key, b"upload", content_type="image/jpeg")
    world.queue.send(upload.body)
    wait_until(lambda: scheduler.waiting(INTERACTIVE))
    child.gate.set()
    wait_until(lambda: bulk.bodies == [])
    worker.stop()
    thread.join(timeout=10)

    assert child.order.index(b"upload") == 1
    assert len(world.outputs.keys("")) == 31
