"""The worker's own memory stays as it is, however many jobs it handles."""

import logging
from collections.abc import Iterator

import psutil
import pytest

from core.dead_letters import DeadLetterSweeper
from core.gallery.stored_index import StoredFaceIndex
from core.job_handler import JobHandler
from core.jobs import Job
from core.naming import FaceNamer
from core.results import Results
from core.testing import ManualClock, MemoryQueue, MemoryStore
from core.timed_pool import TimedPool
from core.visibility import VisibilityHeartbeat
from core.worker import Worker
from tests.support.recognizers import ObedientRecognizer

JOBS = 10_000
WARM_UP_JOBS = 1_000
ALLOWED_GROWTH_BYTES = 5 * 1024 * 1024


class ForgetfulStore(MemoryStore):
    """Takes everything and keeps nothing, so that the test measures the worker alone."""

    def put_if(self, key: str, body: bytes, *, content_type: str, version: str | None) -> bool:
        return True


@pytest.fixture
def pool() -> Iterator[TimedPool]:
    logging.disable(logging.CRITICAL)  # captured records would be counted as the worker's
    pool = TimedPool(ObedientRecognizer, processes=2, timeout_s=30)
    pool.start()
    yield pool
    pool.stop()
    logging.disable(logging.NOTSET)


def test_memory_does_not_grow_over_ten_thousand_jobs(pool: TimedPool) -> None:
    queue = MemoryQueue(clock=ManualClock())
    inputs = MemoryStore()
    results = Results(ForgetfulStore())
    job = Job.new("a.jpg")
    inputs.objects[job.input_key] = b"a photo"
    worker = Worker(
        queue=queue,
        handler=JobHandler(
            queue=queue,
            inputs=inputs,
            results=results,
            recognizer=pool,
            namer=FaceNamer(StoredFaceIndex(MemoryStore(), refresh_s=0), max_distance=0.6),
            responses=None,
            max_receive_count=5,
            max_file_bytes=100,
            backoff_s=1,
        ),
        heartbeat=VisibilityHeartbeat(queue, visibility_s=60, interval_s=0),
        sweeper=DeadLetterSweeper(queue, results, interval_s=1e9, clock=lambda: -1.0),
        slots=2,
        wait_s=0,
        grace_s=1,
        check_stores=lambda: None,
        stop_recognizer=lambda: None,
        on_alive=lambda: None,
    )

    def handle(count: int) -> int:
        """Run that many jobs; return the memory in use afterwards."""
        done = 0
        while done < count:
            if len(queue.bodies) < 10:
                queue.send(job.body)
            done += len(worker.run_once())
        return int(psutil.Process().memory_info().rss)

    before_bytes = handle(WARM_UP_JOBS)
    growth_bytes = handle(JOBS) - before_bytes
    worker._threads.shutdown()

    assert growth_bytes < ALLOWED_GROWTH_BYTES
