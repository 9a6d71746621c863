"""S3, SQS and the index answer, but refuse single operations, or some keys, for ten minutes."""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.collections.enrolment import Enroller
from core.collections.enrolment_batching import EnrolmentGroups
from core.collections.registry import Collections
from core.errors import IndexUnavailable, QueueUnavailable, StorageUnavailable
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import DEFAULT_COLLECTION, Job, JobDone, JobFailed
from core.jobs.results import Results
from core.ports import ObjectStore, ReceivedMessage
from core.testing import ManualClock, MemoryFaceIndex, MemoryQueue, MemoryStore
from core.worker.job_handler import ALONE_REFUSED, Outcome
from core.worker.job_kinds import IndexJobs
from core.worker.lane import Lane
from core.worker.scheduler import ChildScheduler, Priority
from tests.support.faces import MODEL, enrolled, face, recognition
from tests.support.half_away import Asked, HalfAway
from tests.support.workers import join_lane, join_worker
from tests.support.worlds import MAX_RECEIVE_COUNT, World

VISIBILITY_S = 60.0
OUTAGE_S = 600
JOBS = 60
IN_HAND = 35
"""Messages that a worker may receive meanwhile: ten ahead of each lane, and probes."""


def everything(*methods: str) -> Asked:
    return lambda method, asked: method in methods


def a_third(*methods: str) -> Asked:
    return lambda method, asked: method in methods and zlib.crc32(asked.encode()) % 3 == 0


@dataclass(kw_only=True)
class Site:
    """A worker with both lanes between parts that may be half away."""

    clock: ManualClock = field(default_factory=ManualClock)
    seconds_a_photo: float = 0

    def __post_init__(self) -> None:
        dead = self.dead = MemoryQueue(clock=self.clock, visibility_s=VISIBILITY_S)
        self.requests = HalfAway(self._queue(dead), QueueUnavailable)
        self.index_queue = HalfAway(self._queue(dead), QueueUnavailable)
        self.inputs = HalfAway(MemoryStore(), StorageUnavailable)
        self.album = HalfAway(MemoryStore(), StorageUnavailable)
        self.stored_results = MemoryStore()
        self.outputs = HalfAway(self.stored_results, StorageUnavailable)
        self.gallery = HalfAway(MemoryStore(), StorageUnavailable)
        self.index = HalfAway(MemoryFaceIndex(), IndexUnavailable)
        self.receives: Counter[str] = Counter()
        self.start_worker()
        self.joined.enrol(enrolled("Ada", 0.0), model=MODEL)
        self.jobs: list[str] = []

    def start_worker(self) -> None:
        world: Any = World(
            queue=self._counted(self.requests),
            dead_letters=self.dead,
            inputs=self.inputs,
            outputs=self.outputs,
            gallery=self.gallery,
            let_pass=self.clock.advance,
        )
        self.joined = join_worker(
            world,
            self,
            clock=self.clock,
            visibility_s=VISIBILITY_S,
            sweep_interval_s=30,
            index=self.index,
            more_lanes=self._bulk_lane,
        )

    def _queue(self, dead: MemoryQueue) -> MemoryQueue:
        return MemoryQueue(
            clock=self.clock,
            visibility_s=VISIBILITY_S,
            max_receive_count=MAX_RECEIVE_COUNT,
            dead_letters=dead,
        )

    def _counted(self, queue: HalfAway) -> Any:
        counted = HalfAway(queue, QueueUnavailable)

        def receive(**options: Any) -> list[ReceivedMessage]:
            messages: list[ReceivedMessage] = queue.receive(**options)
            self.receives.update(message.body for message in messages)
            return messages

        vars(counted)["receive"] = receive
        return counted

    def _bulk_lane(self, scheduler: ChildScheduler, outputs: ObjectStore) -> list[Lane]:
        collections = Collections(self.gallery, self.index, refresh_s=0)
        self.bulk = join_lane(
            self._counted(self.index_queue),
            name="bulk",
            threads=1,
            outputs=outputs,
            kind=IndexJobs(
                sources=PhotoSources(
                    allowed={"album": self.album},
                    max_file_bytes=1000,
                ),
                recognizer=scheduler.of(Priority.BULK),
                enroller=EnrolmentGroups(
                    Enroller(collections, self.index),
                    clock=self.clock,
                    apart_s=0,
                ),
                outputs=outputs,
            ),
            dead_letters=self.dead,
            clock=self.clock,
            visibility_s=VISIBILITY_S,
        )
        return [self.bulk]

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        self.pass_time(self.seconds_a_photo)
        return recognition(face(0.1))

    def accept(self, count: int = JOBS) -> None:
        """Accept as many uploads, and as many album photos of one batch."""
        batch_id = new_id()
        for number in range(count):
            job = Job.new("a.jpg")
            self.inputs.put(job.input_key, b"a photo", content_type="image/jpeg")
            self.requests.send(job.body)
            self.jobs.append(job.job_id)
            self.accept_album_photo(f"{number}.jpg", batch_id=batch_id, position=number)

    def accept_album_photo(self, key: str, **batch: Any) -> None:
        index_job = IndexJob(
            job_id=new_id(),
            collection_id=DEFAULT_COLLECTION,
            image_id=key,
            s3_bucket="album",
            s3_key=key,
            **batch,
        )
        self.album.put(key, b"a photo", content_type="image/jpeg")
        self.index_queue.send(index_job.body)
        self.jobs.append(index_job.job_id)

    def work(self, seconds: int) -> None:
        """Let the worker do a round a second, with its heartbeat."""
        for _ in range(seconds):
            self.joined.worker.run_once()
            self.pass_time(1)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if seconds and int(self.clock()) % 10 == 0:
            for lane in (self.joined.lane, self.bulk):
                lane.inbox.heartbeat.beat()

    def unanswered(self) -> list[str]:
        """Return the jobs without their right answer, and those given up."""
        results = Results(self.stored_results)
        found = {job_id: results.read(job_id) for job_id in self.jobs}
        return [
            job_id
            for job_id, result in found.items()
            if result is None or isinstance(result, JobFailed)
        ] + self.dead.bodies

    def heal(self) -> None:
        for part in vars(self).values():
            if isinstance(part, HalfAway):
                part.refuses = lambda method, asked: False


FAULTS = [
    ("inputs", "get"),
    ("album", "get"),
    ("outputs", "put_if"),
    ("outputs", "put"),
    ("outputs", "get"),
    ("gallery", "get"),
    ("index", "get"),
    ("index", "put"),
    ("index", "search"),
]


@pytest.mark.parametrize(("part", "method"), [each for each in FAULTS if each[0] != "album"])
def test_operation_that_is_refused_for_ten_minutes_costs_no_job(part: str, method: str) -> None:
    site = Site()
    site.accept()
    getattr(site, part).refuses = everything(method)

    site.work(OUTAGE_S)
    received = len(site.receives) - sum(
        Results(site.stored_results).read(job_id) is not None for job_id in site.jobs
    )
    site.heal()
    site.work(120)

    assert site.unanswered() == []
    assert received <= IN_HAND
    assert max(site.receives.values()) == 1


@pytest.mark.parametrize(("part", "method"), FAULTS)
def test_keys_that_are_refused_for_ten_minutes_cost_no_job_and_stop_no_other(
    part: str, method: str
) -> None:
    site = Site()
    site.accept()
    getattr(site, part).refuses = a_third(method)

    site.work(OUTAGE_S)
    during = len(site.unanswered())
    site.heal()
    site.work(700)

    assert during <= 2 * JOBS * (0.6 if part in ("inputs", "album", "outputs") else 1)
    assert site.unanswered() == []


@pytest.mark.parametrize("seconds_a_photo", [0, 10])
@pytest.mark.parametrize(
    "methods", [("delete_many",), ("set_visibility", "set_visibility_many"), ("receive",)]
)
def test_queue_that_refuses_an_operation_for_ten_minutes_costs_no_job(
    methods: tuple[str, ...], seconds_a_photo: float
) -> None:
    site = Site(seconds_a_photo=seconds_a_photo)
    site.accept(JOBS // 2)
    for queue in (site.requests, site.index_queue):
        queue.refuses = everything(*methods)

    until_s = site.clock() + OUTAGE_S
    while site.clock() < until_s:
        try:
            site.work(1)
        except QueueUnavailable:  # as run() does, which comes again later
            site.pass_time(1)
    site.heal()
    site.work(600)

    assert site.unanswered() == []


def test_refused_album_stops_no_other_photo_and_costs_no_job() -> None:
    site = Site()
    site.accept(40)
    refused = set(site.jobs)
    keys = tuple(f"'{number}.jpg'" for number in range(40))
    site.album.refuses = lambda method, asked: method == "get" and any(k in asked for k in keys)
    for number in range(100, 110):
        site.accept_album_photo(f"{number}.jpg")

    site.work(30)
    late = [job_id for job_id in site.unanswered() if job_id not in refused]
    site.work(OUTAGE_S)
    failed_meanwhile = [
        job_id
        for job_id in site.jobs
        if isinstance(Results(site.stored_results).read(job_id), JobFailed)
    ]
    site.heal()
    site.work(900)

    assert late == []
    assert failed_meanwhile == []
    assert site.unanswered() == []


def test_only_the_lane_whose_operation_is_refused_pauses() -> None:
    site = Site()
    site.accept()
    site.index.refuses = everything("put")

    site.work(30)

    assert sum(isinstance(Results(site.stored_results).read(j), JobDone) for j in site.jobs) == JOBS


def test_job_that_alone_is_refused_for_good_fails_under_a_code_of_its_own() -> None:
    site = Site()
    site.accept(20)
    odd = site.jobs[0]
    site.inputs.refuses = lambda method, asked: method == "get" and odd in asked

    site.work(60)
    assert site.unanswered() == [odd]
    for _ in range(80):
        site.accept(1)
        site.work(60)

    result = Results(site.stored_results).read(odd)
    assert isinstance(result, JobFailed)
    assert result.error.code == ALONE_REFUSED
    assert "get was refused by the test" in result.error.message
    assert [body[:36] for body in site.dead.bodies] == [odd]


def test_job_at_its_last_receive_is_not_spent_by_an_outage() -> None:
    site = Site()
    site.accept(1)
    for _ in range(MAX_RECEIVE_COUNT - 1):
        for queue in (site.requests, site.index_queue):
            queue.receive(limit=1, wait_s=0)
        site.clock.advance(VISIBILITY_S)
    site.outputs.refuses = everything("put_if")

    site.work(OUTAGE_S)
    site.heal()
    site.work(120)

    assert site.unanswered() == []


def test_worker_that_is_stopped_in_an_outage_spends_no_last_receive() -> None:
    site = Site()
    site.accept(5)
    site.inputs.refuses = everything("get")
    for _ in range(3 * MAX_RECEIVE_COUNT):
        site.work(20)
        site.joined.worker.drain()
        site.start_worker()
    site.heal()
    site.work(120)

    assert [job_id for job_id in site.jobs[::2] if job_id in site.unanswered()] == []
    assert site.dead.bodies == []


def test_settlement_that_broke_off_recognises_nothing_again() -> None:
    site = Site(seconds_a_photo=0.001)
    site.accept(1)
    site.outputs.refuses = everything("put")
    outcomes = site.joined.worker.run_once()
    site.clock.advance(1)
    recognised_by_s = site.clock()

    site.heal()
    again = site.joined.worker.run_once()

    assert Outcome.LEFT_ALONE in outcomes
    assert again == [Outcome.DUPLICATE]
    assert site.clock() == recognised_by_s
