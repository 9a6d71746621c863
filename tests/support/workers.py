"""Workers joined from whatever parts a test gives them."""

from collections.abc import Callable
from dataclasses import dataclass

from core.collections.identification import FaceIdentifier
from core.collections.registry import Collections
from core.faces.results import Model
from core.jobs.recognition_job import DEFAULT_COLLECTION, Job
from core.jobs.results import JobResult, Results
from core.ports import EnrolledFace, FaceIndex, JobQueue, ObjectStore, Recognizer
from core.testing import ManualClock, MemoryFaceIndex
from core.worker.daemon import Worker
from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.delivery import Inbox
from core.worker.job_handler import JobHandler
from core.worker.job_kinds import J, JobKind, RecognitionJobs
from core.worker.lane import Lane
from core.worker.scheduler import ChildScheduler, Priority
from tests.support.worlds import MAX_RECEIVE_COUNT, VISIBILITY_S, World

Settled = Callable[[Job, JobResult], None]


@dataclass(frozen=True, kw_only=True)
class _ToldOf(RecognitionJobs):
    """Recognition jobs of which a test is told when they have a result."""

    tell: Settled

    def note_outcome(self, job: Job, result: JobResult) -> None:
        self.tell(job, result)


@dataclass(frozen=True, kw_only=True)
class JoinedWorker:
    """A worker and the parts that tests want to reach."""

    worker: Worker
    handler: JobHandler[Job]
    lane: Lane
    collections: Collections
    index: FaceIndex

    def enrol(self, *faces: EnrolledFace, model: Model) -> None:
        """Put faces into the default collection."""
        collection = self.collections.get(DEFAULT_COLLECTION)
        bound = self.collections.bind(collection, model, length=len(faces[0].embedding))
        self.index.put(bound.gallery_id, faces)


def join_lane(
    queue: JobQueue,
    *,
    name: str,
    threads: int,
    outputs: ObjectStore,
    kind: JobKind[J],
    dead_letters: JobQueue,
    clock: Callable[[], float],
    responses: JobQueue | None = None,
    heartbeat_s: float = 0,
    visibility_s: float = VISIBILITY_S,
    sweep_interval_s: float = 1000,
) -> Lane:
    """Return a lane with all that belongs to it."""
    return Lane(
        on_work=lambda: None,
        threads=threads,
        inbox=Inbox(
            name,
            queue,
            dead_letters,
            max_receive_count=MAX_RECEIVE_COUNT,
            visibility_s=visibility_s,
            heartbeat_s=heartbeat_s,
            clock=clock,
        ),
        handler=JobHandler(kind=kind, results=Results(outputs), responses=responses, backoff_s=1),
        sweeper=DeadLetterSweeper(
            dead_letters,
            outputs,
            interval_s=sweep_interval_s,
            clock=clock,
        ),
    )


def join_worker(
    world: World,
    recognizer: Recognizer,
    *,
    outputs: ObjectStore | None = None,
    responses: JobQueue | None = None,
    slots: int = 1,
    grace_s: float = 1,
    wait_s: float = 0.05,
    visibility_s: float = VISIBILITY_S,
    sweep_interval_s: float = 1000,
    clock: ManualClock | None = None,
    heartbeat_s: float = 0,
    on_settled: Settled = lambda job, result: None,
    index: FaceIndex | None = None,
    more_lanes: Callable[[ChildScheduler, ObjectStore], list[Lane]] = lambda scheduler, outputs: [],
) -> JoinedWorker:
    """Return a worker with ``slots`` children that serves the request queue."""
    outputs = outputs or world.outputs
    index = index or MemoryFaceIndex()
    collections = Collections(world.gallery, index, refresh_s=0)
    scheduler = ChildScheduler(recognizer, children=slots)
    lane = join_lane(
        world.queue,
        name="interactive",
        threads=2 * slots,
        outputs=outputs,
        kind=_ToldOf(
            tell=on_settled,
            inputs=world.inputs,
            recognizer=scheduler.of(Priority.INTERACTIVE),
            identifier=FaceIdentifier(collections, index, max_distance=0.6),
            max_file_bytes=1000,
        ),
        dead_letters=world.dead_letters,
        clock=clock or world.clock,
        responses=responses,
        heartbeat_s=heartbeat_s,
        visibility_s=visibility_s,
        sweep_interval_s=sweep_interval_s,
    )
    worker = Worker(
        lanes=[lane, *more_lanes(scheduler, outputs)],
        children=slots,
        wait_s=wait_s,
        grace_s=grace_s,
        stop_recognizer=getattr(recognizer, "stop", lambda: None),
        on_alive=lambda: None,
    )
    return JoinedWorker(
        worker=worker, handler=lane.handler, lane=lane, collections=collections, index=index
    )
