"""S3, SQS and the index answer, but refuse single operations, or some keys, for ten minutes."""

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.worker import build_worker
from core.errors import IndexUnavailable, QueueUnavailable, StorageUnavailable
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import DEFAULT_COLLECTION, Job, JobDone, JobFailed
from core.jobs.results import Results
from core.ports import EnrolledFace, ReceivedMessage
from core.settings import Settings
from core.testing import MemoryFaceIndex
from core.worker.job_handler import ALONE_REFUSED
from core.worker.outcomes import Outcome
from tests.support.faces import MODEL, enrolled, face, recognition
from tests.support.half_away import Asked, HalfAway
from tests.support.infrastructure import MemoryInfrastructure

VISIBILITY_S = 60
MAX_RECEIVE_COUNT = 2
OUTAGE_S = 600
JOBS = 60
LEAST_SECONDS_A_PHOTO = 0.4
"""So long that the writes of the bulk lane are apart without a wait."""
IN_HAND = 35
"""Messages that a worker may receive meanwhile: ten ahead of each lane, and probes."""


def everything(*methods: str) -> Asked:
    return lambda method, asked: method in methods


def a_third(*methods: str) -> Asked:
    return lambda method, asked: method in methods and zlib.crc32(asked.encode()) % 3 == 0


SETTINGS = Settings(
    _env_file=None,
    allowed_buckets=("album",),
    retry_backoff_seconds=1,
    sqs_max_receive_count=MAX_RECEIVE_COUNT,
    sqs_visibility_timeout_seconds=VISIBILITY_S,
    visibility_heartbeat_seconds=0,
    worker_processes=1,
)


@dataclass(kw_only=True)
class WorkerFixture:
    """A worker between parts that may be half away."""

    seconds_a_photo: float = LEAST_SECONDS_A_PHOTO

    def __post_init__(self) -> None:
        self.index = HalfAway(MemoryFaceIndex(), IndexUnavailable)
        self.memory = MemoryInfrastructure(
            settings=SETTINGS, recognizer=self, index=self.index, seconds_a_photo=0
        )
        self.clock = self.memory.clock
        self.stored_results = self.memory.bucket(SETTINGS.s3_out_bucket)
        self.inputs, self.outputs, self.gallery, self.album = (
            self._half_away(name) for name in (*SETTINGS.buckets, "album")
        )
        self.dead = [
            self.memory.queue(name)
            for name in (SETTINGS.dead_letter_queue_name, SETTINGS.index_dead_letter_queue_name)
        ]
        self.requests = HalfAway(self.memory.queue(SETTINGS.sqs_req_queue_name), QueueUnavailable)
        self.index_queue = HalfAway(
            self.memory.queue(SETTINGS.sqs_index_queue_name), QueueUnavailable
        )
        self.memory.queues |= {
            SETTINGS.sqs_req_queue_name: self._counted(self.requests),
            SETTINGS.sqs_index_queue_name: self._counted(self.index_queue),
        }
        self.receives: Counter[str] = Counter()
        self.jobs: list[str] = []
        self._enrol(enrolled("Ada", 0.0))
        self.start_worker()

    def start_worker(self) -> None:
        self.parts = build_worker(SETTINGS, self.memory.joined())

    def _half_away(self, bucket: str) -> HalfAway:
        half_away = HalfAway(self.memory.bucket(bucket), StorageUnavailable)
        self.memory.buckets[bucket] = half_away
        return half_away

    def _enrol(self, enrolled_face: EnrolledFace) -> None:
        collections = Shared(SETTINGS, self.memory.joined()).collections
        length = len(enrolled_face.embedding)
        bound = collections.bind(collections.get(DEFAULT_COLLECTION), MODEL, length=length)
        self.index.put(bound.gallery_id, [enrolled_face])

    def _counted(self, queue: HalfAway) -> Any:
        counted = HalfAway(queue, QueueUnavailable)

        def receive(**options: Any) -> list[ReceivedMessage]:
            messages: list[ReceivedMessage] = queue.receive(**options)
            self.receives.update(message.body for message in messages)
            return messages

        vars(counted)["receive"] = receive
        return counted

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
            self.parts.worker.run_once()
            self.pass_time(1)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if seconds and int(self.clock()) % 10 == 0:
            for lane in self.parts.lanes:
                lane.inbox.heartbeat.beat()

    def unanswered(self) -> list[str]:
        """Return the jobs without their right answer, and those given up."""
        results = Results(self.stored_results)
        found = {job_id: results.read(job_id) for job_id in self.jobs}
        return [
            job_id
            for job_id, result in found.items()
            if result is None or isinstance(result, JobFailed)
        ] + self.dead_bodies()

    def dead_bodies(self) -> list[str]:
        return [body for queue in self.dead for body in queue.bodies]

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
    fixture = WorkerFixture()
    fixture.accept()
    getattr(fixture, part).refuses = everything(method)

    fixture.work(OUTAGE_S)
    received = len(fixture.receives) - sum(
        Results(fixture.stored_results).read(job_id) is not None for job_id in fixture.jobs
    )
    fixture.heal()
    fixture.work(120)

    assert fixture.unanswered() == []
    assert received <= IN_HAND
    assert max(fixture.receives.values()) == 1


@pytest.mark.parametrize(("part", "method"), FAULTS)
def test_keys_that_are_refused_for_ten_minutes_cost_no_job_and_stop_no_other(
    part: str, method: str
) -> None:
    fixture = WorkerFixture()
    fixture.accept()
    getattr(fixture, part).refuses = a_third(method)

    fixture.work(OUTAGE_S)
    during = len(fixture.unanswered())
    fixture.heal()
    fixture.work(700)

    assert during <= 2 * JOBS * (0.6 if part in ("inputs", "album", "outputs") else 1)
    assert fixture.unanswered() == []


@pytest.mark.parametrize("seconds_a_photo", [LEAST_SECONDS_A_PHOTO, 10])
@pytest.mark.parametrize(
    "methods", [("delete_many",), ("set_visibility", "set_visibility_many"), ("receive",)]
)
def test_queue_that_refuses_an_operation_for_ten_minutes_costs_no_job(
    methods: tuple[str, ...], seconds_a_photo: float
) -> None:
    fixture = WorkerFixture(seconds_a_photo=seconds_a_photo)
    fixture.accept(JOBS // 2)
    for queue in (fixture.requests, fixture.index_queue):
        queue.refuses = everything(*methods)

    until_s = fixture.clock() + OUTAGE_S
    while fixture.clock() < until_s:
        try:
            fixture.work(1)
        except QueueUnavailable:  # as run() does, which comes again later
            fixture.pass_time(1)
    fixture.heal()
    fixture.work(600)

    assert fixture.unanswered() == []


def test_refused_album_stops_no_other_photo_and_costs_no_job() -> None:
    fixture = WorkerFixture()
    fixture.accept(40)
    refused = set(fixture.jobs)
    keys = tuple(f"'{number}.jpg'" for number in range(40))
    fixture.album.refuses = lambda method, asked: method == "get" and any(k in asked for k in keys)
    for number in range(100, 110):
        fixture.accept_album_photo(f"{number}.jpg")

    fixture.work(30)
    late = [job_id for job_id in fixture.unanswered() if job_id not in refused]
    fixture.work(OUTAGE_S)
    failed_meanwhile = [
        job_id
        for job_id in fixture.jobs
        if isinstance(Results(fixture.stored_results).read(job_id), JobFailed)
    ]
    fixture.heal()
    fixture.work(900)

    assert late == []
    assert failed_meanwhile == []
    assert fixture.unanswered() == []


def test_only_the_lane_whose_operation_is_refused_pauses() -> None:
    fixture = WorkerFixture()
    fixture.accept()
    fixture.index.refuses = everything("put")

    fixture.work(30)

    results = Results(fixture.stored_results)
    assert sum(isinstance(results.read(job_id), JobDone) for job_id in fixture.jobs) == JOBS


def test_job_that_alone_is_refused_for_good_fails_under_a_code_of_its_own() -> None:
    fixture = WorkerFixture()
    fixture.accept(20)
    odd = fixture.jobs[0]
    fixture.inputs.refuses = lambda method, asked: method == "get" and odd in asked

    fixture.work(60)
    assert fixture.unanswered() == [odd]
    for _ in range(80):
        fixture.accept(1)
        fixture.work(60)

    result = Results(fixture.stored_results).read(odd)
    assert isinstance(result, JobFailed)
    assert result.error.code == ALONE_REFUSED
    assert "get was refused by the test" in result.error.message
    assert [body[:36] for body in fixture.dead_bodies()] == [odd]


def test_job_at_its_last_receive_is_not_spent_by_an_outage() -> None:
    fixture = WorkerFixture()
    fixture.accept(1)
    for _ in range(MAX_RECEIVE_COUNT - 1):
        for queue in (fixture.requests, fixture.index_queue):
            queue.receive(limit=1, wait_s=0)
        fixture.clock.advance(VISIBILITY_S)
    fixture.outputs.refuses = everything("put_if")

    fixture.work(OUTAGE_S)
    fixture.heal()
    fixture.work(120)

    assert fixture.unanswered() == []


def test_worker_that_is_stopped_in_an_outage_spends_no_last_receive() -> None:
    fixture = WorkerFixture()
    fixture.accept(5)
    fixture.inputs.refuses = everything("get")
    for _ in range(3 * MAX_RECEIVE_COUNT):
        fixture.work(20)
        fixture.parts.worker.drain()
        fixture.start_worker()
    fixture.heal()
    fixture.work(120)

    assert [job_id for job_id in fixture.jobs[::2] if job_id in fixture.unanswered()] == []
    assert fixture.dead_bodies() == []


def test_settlement_that_broke_off_recognises_nothing_again() -> None:
    fixture = WorkerFixture()
    fixture.accept(1)
    fixture.outputs.refuses = everything("put")
    outcomes = fixture.parts.worker.run_once()
    fixture.clock.advance(1)
    recognised_by_s = fixture.clock()

    fixture.heal()
    again = fixture.parts.worker.run_once()

    assert Outcome.LEFT_ALONE in outcomes
    assert again == [Outcome.DUPLICATE]
    assert fixture.clock() == recognised_by_s
