"""Workers joined from whatever parts a test gives them."""

from dataclasses import dataclass

from core.dead_letters import DeadLetterSweeper
from core.gallery.stored_index import StoredFaceIndex
from core.job_handler import JobHandler
from core.naming import FaceNamer
from core.ports import JobQueue, ObjectStore, Recognizer
from core.results import Results
from core.testing import ManualClock
from core.visibility import VisibilityHeartbeat
from core.worker import Worker
from tests.support.worlds import MAX_RECEIVE_COUNT, World


@dataclass(frozen=True, kw_only=True)
class JoinedWorker:
    """A worker and the parts that tests want to reach."""

    worker: Worker
    handler: JobHandler
    index: StoredFaceIndex


def join_worker(
    world: World,
    recognizer: Recognizer,
    *,
    outputs: ObjectStore | None = None,
    responses: JobQueue | None = None,
    slots: int = 1,
    grace_s: float = 1,
    sweep_interval_s: float = 1000,
    clock: ManualClock | None = None,
    heartbeat_s: float = 0,
) -> JoinedWorker:
    """Return a worker that never waits in a receive."""
    results = Results(outputs or world.outputs)
    index = StoredFaceIndex(world.gallery, refresh_s=0)
    heartbeat = VisibilityHeartbeat(world.queue, visibility_s=30, interval_s=heartbeat_s)
    handler = JobHandler(
        queue=world.queue,
        inputs=world.inputs,
        results=results,
        heartbeat=heartbeat,
        recognizer=recognizer,
        namer=FaceNamer(index, max_distance=0.6),
        responses=responses,
        max_receive_count=MAX_RECEIVE_COUNT,
        max_file_bytes=1000,
        backoff_s=1,
    )
    worker = Worker(
        queue=world.queue,
        handler=handler,
        heartbeat=heartbeat,
        sweeper=DeadLetterSweeper(
            world.dead_letters,
            results,
            interval_s=sweep_interval_s,
            clock=clock or ManualClock(),
        ),
        slots=slots,
        wait_s=0,
        grace_s=grace_s,
        check_stores=world.inputs.check,
        stop_recognizer=getattr(recognizer, "stop", lambda: None),
        on_alive=lambda: None,
    )
    return JoinedWorker(worker=worker, handler=handler, index=index)
