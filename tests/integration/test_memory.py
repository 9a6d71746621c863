"""The worker's own memory stays as it is, however many jobs it handles."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest

from core.bootstrap.worker import build_worker
from core.executors.process_pool import TimedPool
from core.jobs.recognition_job import Job
from core.settings import Settings
from core.testing import MemoryStore
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.recognizers import ObedientRecognizer

JOBS = 10_000
WARM_UP_JOBS = 1_000
ALLOWED_GROWTH_BYTES = 5 * 1024 * 1024


class ForgetfulStore(MemoryStore):
    """Takes everything and keeps nothing, so that the test measures the worker alone."""

    def put_if(self, key: str, body: bytes, **options: Any) -> bool:
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
    settings = Settings(_env_file=None, worker_processes=2)
    memory = MemoryInfrastructure(
        settings=settings, recognizer=pool, buckets={settings.s3_out_bucket: ForgetfulStore()}
    )
    job = Job.new("a.jpg")
    memory.bucket(settings.s3_in_bucket).objects[job.input_key] = b"a photo"
    queue = memory.queue(settings.sqs_req_queue_name)
    worker = build_worker(settings, replace(memory.joined(), executor=lambda _: pool)).worker

    def handle(count: int) -> int:
        """Run that many jobs; return the memory in use afterwards."""
        done = 0
        while done < count:
            queue.send(job.body)
            done += len(worker.run_once())
        return int(psutil.Process().memory_info().rss)

    before_bytes = handle(WARM_UP_JOBS)
    growth_bytes = handle(JOBS) - before_bytes
    worker.drain()

    assert growth_bytes < ALLOWED_GROWTH_BYTES
