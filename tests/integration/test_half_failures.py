"""A worker on S3 and SQS that answer, but refuse single operations."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.worker import build_worker
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.gallery.changes import Watch
from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job
from core.jobs.results import Results
from core.ports import Bucket, FaceIndex
from core.settings import Settings
from core.testing import MemoryStore
from harness.faults.http_proxy import HttpProxy, Refusal
from harness.localstack import LocalStack, free_port
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.faces import face, recognition
from tests.support.infrastructure import localstack_infrastructure
from tests.support.waiting import let_pass

OPTIONS: Final = {
    "allowed_buckets": ("album",),
    "dead_letter_sweep_seconds": 1,
    "retry_backoff_seconds": 1,
    "shutdown_grace_seconds": 1,
    "sqs_max_receive_count": 2,
    "sqs_visibility_timeout_seconds": 2,
    "sqs_wait_time_seconds": 1,
    "visibility_heartbeat_seconds": 0.5,
    "worker_processes": 1,
}
OUTAGE_S = 6
"""As long as three receives last, of which a message has two."""


class Recognizer:
    """Finds one face on every photo."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return recognition(face(0.1))


@dataclass(kw_only=True)
class WorkerFixture:
    """A running worker that reaches LocalStack through a proxy, and clients that do not."""

    settings: Settings
    proxy: HttpProxy
    album: MemoryStore = field(default_factory=MemoryStore)
    jobs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clients = localstack_infrastructure(self.settings, Recognizer())
        Shared(self.settings, self.clients).collections.create("family")
        seen = self.settings.model_copy(update={"aws_endpoint_url": self.proxy.address})
        aws = localstack_infrastructure(seen, Recognizer())

        def bucket(name: str) -> Bucket:
            return self.album if name == "album" else aws.bucket(name)

        def index(watch: Watch, bucket: Bucket) -> FaceIndex:
            self.index = aws.index(watch, bucket)
            return self.index

        self.worker = build_worker(seen, replace(aws, bucket=bucket, index=index)).worker
        self.thread = threading.Thread(target=self.worker.run)
        self.thread.start()

    def accept(self) -> None:
        """Accept an upload and an album photo."""
        job = Job.new("a.jpg")
        inputs = self.clients.bucket(self.settings.s3_in_bucket)
        inputs.put(job.input_key, b"a photo", content_type="image/jpeg")
        self.clients.queue(self.settings.sqs_req_queue_name).send(job.body)
        index_job = IndexJob(
            job_id=new_id(),
            collection_id="family",
            image_id=job.filename,
            s3_bucket="album",
            s3_key=job.body,
            batch_id=new_id(),
        )
        self.album.put(index_job.s3_key, b"a photo", content_type="image/jpeg")
        self.clients.queue(self.settings.sqs_index_queue_name).send(index_job.body)
        self.jobs += [job.job_id, index_job.job_id]

    def statuses(self) -> set[str]:
        """Return how the jobs ended, as far as they did."""
        results = Results(self.clients.bucket(self.settings.s3_out_bucket))
        found = (results.read(job_id) for job_id in self.jobs)
        return {result.status if result else "pending" for result in found}

    def was_refused(self, refusals: Iterable[Refusal]) -> bool:
        """Tell whether each of these operations was refused by now."""
        return all(self.proxy.refused[refusal.what] for refusal in refusals)

    def stop(self) -> None:
        self.worker.stop()
        self.thread.join(timeout=30)
        self.index.close()


@pytest.fixture
def fixture(localstack: LocalStack) -> Iterator[WorkerFixture]:
    options = {**OPTIONS, **own_names()}
    with HttpProxy(localstack.port, free_port()) as proxy:
        fixture = WorkerFixture(settings=localstack.settings(**options), proxy=proxy)
        yield fixture
        fixture.stop()


def test_no_job_is_lost_to_operations_that_are_refused(fixture: WorkerFixture) -> None:
    inputs, outputs, gallery = (
        fixture.settings.s3_in_bucket,
        fixture.settings.s3_out_bucket,
        fixture.settings.s3_gallery_bucket,
    )
    read = Refusal(what=f"^GET /{inputs}/")
    enrol = Refusal(what=f"^(PUT|POST) /{gallery}/galleries")
    answer = Refusal(what=f"^PUT /{outputs}/", status=503, code="SlowDown")
    delete = Refusal(what=r"^SQS\.DeleteMessageBatch", status=503, code="ServiceUnavailable")
    for refusals, met in (((read, enrol), {read, enrol}), ((answer, delete), {answer})):
        fixture.proxy.refuse(*refusals)
        for _ in range(3):
            fixture.accept()
        wait_until(
            partial(fixture.was_refused, met),
            seconds=60,
            what="operations to be refused",
        )
        let_pass(OUTAGE_S)
        assert fixture.statuses() != {"done"}
        fixture.proxy.refuse()
        wait_until(lambda: fixture.statuses() == {"done"}, seconds=40, what="all jobs to be done")

    for name in (
        fixture.settings.dead_letter_queue_name,
        fixture.settings.index_dead_letter_queue_name,
    ):
        assert fixture.clients.queue(name).receive(limit=1, wait_s=0) == []
