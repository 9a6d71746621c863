"""No accepted job is lost, whatever an adversary does between any two calls.

The real code of both tiers runs on queues and buckets in memory, and on a home of one machine.
The adversary takes S3 and SQS away, or single operations and keys only, loses answers, kills
processes, repeats messages, sends others, changes a worker's model, lets time pass,
and puts requests with one key in each other's way.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.web import build_web
from core.bootstrap.worker import build_worker
from core.errors import IdempotencyConflict, InvalidImage, RecognizerDied, ServiceUnavailable
from core.faces.results import EVERY_FACE, Model, Needed, Recognition
from core.ground.ids import new_id
from core.ground.realms import WHOLE
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import Results
from core.ports import Bucket, JobQueue
from core.settings import Settings
from core.testing import ScriptedRecognizer
from core.worker.daemon import Worker
from core.worker.unreadable import job_id_in
from core.worker.visibility_heartbeat import VisibilityHeartbeat
from tests.support.adversary import Interleaving, Killed, Process, Refuses, Trouble
from tests.support.faces import MODEL, OTHER_MODEL, enrolled, face, recognition
from tests.support.homes.home_infrastructure import HomeInfrastructure
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo

GOOD, OTHER, SLOW, DAMAGED, CRASHING, DEADLY = (
    made_photo(size=(16 + 8 * number, 16)) for number in range(6)
)
"""What a photo does to those who recognise it; deadly ones take the whole worker down."""

SWEEP_S: Final = 30
VISIBILITY_S: Final = 1
MAX_RECEIVE_COUNT: Final = 3
"""Where messages can't be kept hidden, one that waits behind a slow photo may cost each worker
a receive before the worker knows.
"""
SETTINGS: Final = Settings(
    _env_file=None,
    dead_letter_sweep_seconds=SWEEP_S,
    job_timeout_seconds=0.5,
    retry_backoff_seconds=1,
    sqs_max_receive_count=MAX_RECEIVE_COUNT,
    sqs_visibility_timeout_seconds=VISIBILITY_S,
    visibility_heartbeat_seconds=0,
    worker_processes=1,
)
PARTS: Final = {
    SETTINGS.s3_in_bucket: "inputs",
    SETTINGS.s3_out_bucket: "outputs",
    SETTINGS.s3_gallery_bucket: "gallery",
    SETTINGS.sqs_req_queue_name: "requests",
    SETTINGS.dead_letter_queue_name: "dead",
}
"""What the operations that are refused call each bucket and queue."""
WORKERS: Final = 2
ENOUGH_ROUNDS: Final = 60
OUTAGE_S: Final = 12.0
"""As long as four times the receives of a message last."""
STEP_S: Final = 0.25
OPERATIONS: Final = [
    ("inputs.get",),
    ("outputs.put_if",),
    ("outputs.get",),
    ("gallery.get",),
    ("requests.delete_many",),
    ("requests.set_visibility", "requests.set_visibility_many"),
    ("dead.send",),
    ("dead.receive",),
]
MOST_CALLS: Final = 10
"""Calls of a process that trouble may befall; it makes hardly more in one step."""

photos = st.sampled_from([GOOD, OTHER, SLOW]) | st.sampled_from([DAMAGED, CRASHING, DEADLY])
pairs = photos.map(lambda photo: (photo, photo)) | st.tuples(photos, photos)
keys = st.integers(1, 20).map("key {}".format)
workers = st.integers(0, WORKERS - 1)
calls = st.integers(0, MOST_CALLS)
kinds = st.sampled_from(list(Trouble))
outages = st.tuples(calls, st.integers(1, MOST_CALLS)).map(
    lambda outage: dict.fromkeys(range(outage[0], sum(outage)), Trouble.REFUSED)
)
troubles: st.SearchStrategy[dict[int, Trouble]] = (
    st.just({}) | st.dictionaries(calls, kinds, max_size=2) | outages
)
one_trouble = st.dictionaries(st.integers(1, 5), kinds, min_size=1, max_size=1)
orders = st.tuples(st.integers(1, 5), calls, calls).map(
    lambda turns: [0] * turns[0] + [1] * turns[1] + [0] * turns[2]
)
"""Of two requests: the second comes in between, and perhaps the first again."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Refuses operations to workers, for every so many-th key that is asked for."""

    operations: tuple[str, ...]
    one_in: int
    seen: dict[str, int] = field(default_factory=dict)

    def __call__(self, operation: str, asked: str) -> bool:
        number = self.seen.setdefault(asked[:36], len(self.seen))
        return operation in self.operations and number % self.one_in == 0


def nothing(operation: str, asked: str) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Child:
    answer: Callable[[bytes], Recognition]

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return self.answer(photo)


def _reached_by(process: Process, memory: MemoryInfrastructure) -> Infrastructure:
    """Return the infrastructure as a process reaches it; index jobs have no trouble."""

    def bucket(name: str) -> Bucket:
        return process.store(memory.bucket(name), PARTS[name])

    def queue(name: str) -> JobQueue:
        reached = memory.queue(name)
        return process.queue(reached, PARTS[name]) if name in PARTS else reached

    return replace(memory.joined(), bucket=bucket, queue=queue)


class Delivery(RuleBasedStateMachine):
    """Both tiers, the adversary, and what every client was told."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = self.new_infrastructure()
        self.clock = self.memory.clock
        self.inputs, self.outputs, self.gallery = map(self.memory.bucket, SETTINGS.buckets)
        self.queue = self.memory.queue(SETTINGS.sqs_req_queue_name)
        self.dead_letters = self.memory.queue(SETTINGS.dead_letter_queue_name)
        self.models = [MODEL] * WORKERS
        self.heartbeats: list[VisibilityHeartbeat] = []
        self.heartbeats_run = False
        self.unreadable: set[str] = set()
        """Bodies of messages that are no jobs."""
        self.accepted: dict[str, bytes] = {}
        """Photos of the jobs that clients were told of."""
        self.jobs_of_keys: dict[str, set[str]] = {}
        self.first_results: dict[str, bytes] = {}
        self.processes = [Process() for _ in range(WORKERS)]
        self.workers: list[Worker] = []
        self.during_slow_photo: Callable[[], None] | None = None

    def new_infrastructure(self) -> MemoryInfrastructure:
        return MemoryInfrastructure(
            settings=SETTINGS, recognizer=ScriptedRecognizer(), seconds_a_photo=0
        )

    @initialize()
    def start_workers(self) -> None:
        collections = Shared(SETTINGS, self.memory.joined()).collections
        ada = enrolled("Ada", 0.0)
        bound = collections.bind(collections.get("default"), MODEL, length=len(ada.embedding))
        self.memory.index.put(bound.gallery_id, [ada])
        self.workers = [self._new_worker(number) for number in range(WORKERS)]

    @rule(photo=photos)
    def submit_undisturbed(self, photo: bytes) -> None:
        self._submit(photo, None, Process())

    @rule(photo=photos, key=st.none() | keys, troubles=troubles)
    def submit(self, photo: bytes, key: str | None, troubles: dict[int, Trouble]) -> None:
        self._submit(photo, key, Process(troubles))

    @rule(
        photos=pairs,
        key=keys,
        order=orders,
        one=one_trouble,
        two=troubles,
    )
    def submit_two_at_once_with_one_key(
        self,
        photos: tuple[bytes, bytes],
        key: str,
        order: list[int],
        one: dict[int, Trouble],
        two: dict[int, Trouble],
    ) -> None:
        Interleaving(order).run(
            [
                lambda turn: self._submit(photos[0], key, Process(one, before_call=turn)),
                lambda turn: self._submit(photos[1], key, Process(two, before_call=turn)),
            ]
        )

    @rule(number=workers, troubles=troubles)
    def work(self, number: int, troubles: dict[int, Trouble]) -> None:
        self._work(number, troubles)

    @rule(
        number=workers,
        one=troubles,
        two=troubles,
        seconds=st.sampled_from([0.0, VISIBILITY_S + 0.1]),
    )
    def work_while_another_worker_does(
        self, number: int, one: dict[int, Trouble], two: dict[int, Trouble], seconds: float
    ) -> None:
        """Have the other worker work while this one recognises, perhaps after its time is up."""

        def let_the_other_work() -> None:
            self.during_slow_photo = None
            self.clock.advance(seconds)
            self._work(1 - number, two)

        self.during_slow_photo = let_the_other_work
        self._work(number, one)
        self.during_slow_photo = None

    @rule(seconds=st.sampled_from([0.5, VISIBILITY_S + 0.1, SWEEP_S + 1.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(services=st.sampled_from([("S3",), ("SQS",), ("S3", "SQS")]), number=workers)
    def take_services_away_for_a_while(self, services: tuple[str, ...], number: int) -> None:
        self._set_available(s3="S3" not in services, sqs="SQS" not in services)
        self._submit(GOOD, None, Process())
        self._work(number, {})
        self._work(number, {})
        self._set_available(s3=True, sqs=True)

    @rule(operation=st.sampled_from(OPERATIONS), one_in=st.sampled_from([1, 2, 3]))
    def refuse_an_operation_for_a_while(self, operation: tuple[str, ...], one_in: int) -> None:
        """Let workers work on while an operation, or some of its keys, is refused to them."""
        doomed = self._doomed()
        deadly = self._is_anything_deadly()
        known = Counter(self.dead_letters.bodies)
        refused = Refused(operations=operation, one_in=one_in)
        for process in self.processes:
            process.troubles = {}
        self.heartbeats_run = True
        for _ in range(round(OUTAGE_S / STEP_S)):
            for number in range(WORKERS):
                self._work(number, {}, refused=refused)
            self._let_pass(STEP_S)
        self.heartbeats_run = False
        spent = {body[:36] for body in Counter(self.dead_letters.bodies) - known} - doomed
        patient = {job_id for job_id in spent if self.accepted.get(job_id) in (GOOD, OTHER)}
        others = {job_id for job_id in patient if not self._met_another_model(job_id)}
        assert deadly or not others, "an outage spent the receives of a job"

    @rule(number=workers, model=st.sampled_from([MODEL, OTHER_MODEL]))
    def change_model(self, number: int, model: Model) -> None:
        self.models[number] = model

    @rule(number=workers)
    def kill_worker_while_idle(self, number: int) -> None:
        self.workers[number] = self._new_worker(number)

    @precondition(lambda self: bool(self.queue.bodies))
    @rule(choice=st.integers(0, 9))
    def repeat_a_message(self, choice: int) -> None:
        self.queue.send(self.queue.bodies[choice % len(self.queue.bodies)])

    @rule(form=st.sampled_from(["odd {}", "{}", "{}:v2", '{{"job_id": "{}", "version": 2}}']))
    def send_what_is_no_job(self, form: str) -> None:
        body = form.format(new_id())
        self.unreadable.add(body)
        self.queue.send(body)

    @invariant()
    def no_message_is_destroyed_unread(self) -> None:
        assert self.unreadable <= {*self.queue.bodies, *self.dead_letters.bodies}

    @invariant()
    def each_accepted_job_has_a_result_or_all_that_one_needs(self) -> None:
        waiting = {body[:36] for body in self.queue.bodies + self.dead_letters.bodies}
        for job_id, photo in self.accepted.items():
            if job_id not in self.outputs.objects:
                assert job_id in waiting, "the message of an accepted job is gone"
                stored = [body for key, body in self.inputs.objects.items() if job_id in key]
                assert stored == [photo], "the photo of an accepted job is gone"

    @invariant()
    def no_result_ever_changes(self) -> None:
        for job_id, result in self.outputs.objects.items():
            assert self.first_results.setdefault(job_id, result) == result
        assert self.first_results.keys() == self.outputs.objects.keys()

    @invariant()
    def one_key_is_one_job_of_one_photo(self) -> None:
        assert all(len(job_ids) == 1 for job_ids in self.jobs_of_keys.values())

    def teardown(self) -> None:
        """Let nothing fail any more; then each accepted job comes to its one end."""
        if not self.workers:
            return
        self.models = [MODEL] * WORKERS
        self._come_to_rest()
        for job_id, photo in self.accepted.items():
            self._assert_has_ended_well(job_id, photo)
        for job_id in filter(None, map(job_id_in, self.unreadable)):
            result = Results(self.outputs).read(job_id)
            assert isinstance(result, JobFailed), "an unread job stays pending"
            assert result.error.code == "MALFORMED_MESSAGE"
        self._assert_serves_the_next_client()

    def _come_to_rest(self) -> None:
        for _ in range(ENOUGH_ROUNDS):
            if self._is_at_rest():
                break
            self.clock.advance(SWEEP_S + 1)
            for number in range(WORKERS):
                self._work(number, {})
        assert self.queue.bodies == [], "a message is never settled"
        self.no_result_ever_changes()

    def _assert_serves_the_next_client(self) -> None:
        known = set(self.accepted)
        self._submit(GOOD, None, Process())
        self._come_to_rest()
        (job_id,) = self.accepted.keys() - known
        assert isinstance(Results(self.outputs).read(job_id), JobDone)

    def _is_at_rest(self) -> bool:
        return not self.queue.bodies and all(
            job_id in self.outputs.objects
            for job_id in map(job_id_in, self.dead_letters.bodies)
            if job_id is not None
        )

    def _assert_has_ended_well(self, job_id: str, photo: bytes) -> None:
        result = Results(self.outputs).read(job_id)
        if photo == DAMAGED:
            assert isinstance(result, JobFailed)
            assert result.error.code in ("INVALID_IMAGE", "JOB_ABANDONED")
        elif photo in (CRASHING, DEADLY):
            assert isinstance(result, JobFailed)
            assert result.error.code in ("RECOGNIZER_DIED", "JOB_ABANDONED")
        else:
            # The adversary may have used up its attempts, but its photo was there.
            assert isinstance(result, JobDone | JobFailed)
            assert (
                isinstance(result, JobDone)
                or result.error.code == "JOB_ABANDONED"
                or self._met_another_model(job_id)
            )

    def _met_another_model(self, job_id: str) -> bool:
        """Tell whether a job failed because it met another model at each of its receives."""
        result = Results(self.outputs).read(job_id)
        return (
            isinstance(result, JobFailed)
            and result.error.code == "MODEL_MISMATCH"
            and f"given up after {MAX_RECEIVE_COUNT} attempts" in result.error.message
        )

    def _is_anything_deadly(self) -> bool:
        """Tell whether a waiting photo takes a worker down, with all that it holds."""
        # Whether or not a client was told of its job.
        return any(self.inputs.objects.get(body) == DEADLY for body in self.queue.bodies)

    def _doomed(self) -> set[str]:
        """Return the jobs whose messages nobody holds and SQS gives up when they come back."""
        return {
            message.body[:36]
            for message in self.queue.messages
            if message.receive_count >= MAX_RECEIVE_COUNT
        }

    def _submit(self, photo: bytes, key: str | None, process: Process) -> None:
        """Do what one web process does with one request, and note what the client is told."""
        uploads = build_web(SETTINGS, _reached_by(process, self.memory)).of(WHOLE).uploads
        try:
            job = uploads.submit(photo, "photo.jpg", idempotency_key=key)
        except (ServiceUnavailable, IdempotencyConflict, Killed):
            return
        assert self.accepted.setdefault(job.job_id, photo) == photo
        if key is not None:
            self.jobs_of_keys.setdefault(key, set()).add(job.job_id)

    def _work(
        self, number: int, troubles: dict[int, Trouble], *, refused: Refuses = nothing
    ) -> None:
        """Let a worker do one round; one that dies is replaced."""
        process = self.processes[number]
        process.calls, process.troubles, process.refuses = 0, troubles, refused
        try:
            self.workers[number].run_once()
        except ServiceUnavailable:
            return  # as run() does, which comes again later
        except Killed:
            self.workers[number] = self._new_worker(number)

    def _new_worker(self, number: int) -> Worker:
        process = self.processes[number] = Process()
        memory = replace(self.memory, recognizer=Child(answer=partial(self._recognise, number)))
        parts = build_worker(SETTINGS, _reached_by(process, memory))
        self.heartbeats[number : number + 1] = [parts.lanes[0].inbox.heartbeat]
        return parts.worker

    def _recognise(self, number: int, photo: bytes) -> Recognition:
        """Do to the worker what the photo says."""
        if self.during_slow_photo is not None:
            self.during_slow_photo()
        if photo == DAMAGED:
            raise InvalidImage("the image data is damaged")
        if photo == CRASHING:
            raise RecognizerDied("the child process ended without an answer")
        if photo == DEADLY:
            raise Killed
        if photo == SLOW:
            self._let_pass(VISIBILITY_S + 0.1)
        return recognition(face(), model=self.models[number])

    def _let_pass(self, seconds: float) -> None:
        """Let time pass, with heartbeats if they run."""
        steps = 5 if self.heartbeats_run else 1
        for _ in range(steps):
            self.clock.advance(seconds / steps)
            for heartbeat in self.heartbeats if self.heartbeats_run else []:
                heartbeat.beat()

    def _set_available(self, *, s3: bool, sqs: bool) -> None:
        for store in (self.inputs, self.outputs, self.gallery):
            store.available = s3
        for queue in (self.queue, self.dead_letters):
            queue.available = sqs


class DeliveryAtHome(Delivery):
    """The same on a home of one machine, in a folder that is in memory where there is one."""

    def new_infrastructure(self) -> MemoryInfrastructure:
        memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
        self.folder = TemporaryDirectory(dir=memory if memory.is_dir() else None)
        home = HomeInfrastructure(
            settings=SETTINGS,
            recognizer=ScriptedRecognizer(),
            seconds_a_photo=0,
            folder=Path(self.folder.name),
        )
        self.close = home.file.close
        return home

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.close()
            self.folder.cleanup()


@pytest.mark.parametrize(("machine", "examples"), [(Delivery, 60), (DeliveryAtHome, 20)])
def test_no_adversary_loses_an_accepted_job(machine: type[Delivery], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(  # in CI hypothesis's own profile makes it the same every time
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
