"""One lane of a worker, whose jobs tell a test that they have a result."""

from collections.abc import Callable
from dataclasses import dataclass

from core.collections.identification import FaceIdentifier
from core.collections.registry import Collections
from core.faces.results import Model
from core.jobs.recognition_job import DEFAULT_COLLECTION, Job
from core.jobs.results import JobResult, Results
from core.ports import EnrolledFace, FaceIndex, JobQueue, Recognizer
from core.testing import MemoryFaceIndex
from core.worker.daemon import Worker
from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.delivery import Inbox
from core.worker.job_handler import JobHandler
from core.worker.job_kinds import RecognitionJobs
from core.worker.lane import Lane
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


def join_worker(
    world: World,
    recognizer: Recognizer,
    *,
    responses: JobQueue | None = None,
    on_settled: Settled = lambda job, result: None,
) -> JoinedWorker:
    """Return a worker with one child that serves the request queue, and no other lane."""
    index = MemoryFaceIndex()
    collections = Collections(world.gallery, index, refresh_s=0)
    kind = _ToldOf(
        tell=on_settled,
        inputs=world.inputs,
        recognizer=recognizer,
        identifier=FaceIdentifier(collections, index, max_distance=0.6),
        max_file_bytes=1000,
    )
    handler = JobHandler(
        kind=kind, results=Results(world.outputs), responses=responses, backoff_s=1
    )
    lane = Lane(
        on_work=lambda: None,
        threads=2,
        inbox=Inbox(
            "interactive",
            world.queue,
            world.dead_letters,
            max_receive_count=MAX_RECEIVE_COUNT,
            visibility_s=VISIBILITY_S,
            heartbeat_s=0,
            clock=world.clock,
        ),
        handler=handler,
        sweeper=DeadLetterSweeper(
            world.dead_letters, world.outputs, interval_s=1000, clock=world.clock
        ),
    )
    worker = Worker(
        lanes=[lane],
        children=1,
        wait_s=0.05,
        grace_s=1,
        stop_recognizer=lambda: None,
        on_alive=lambda: None,
    )
    return JoinedWorker(
        worker=worker, handler=handler, lane=lane, collections=collections, index=index
    )
