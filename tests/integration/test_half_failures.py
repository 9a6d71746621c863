"""A worker on S3 and SQS that answer, but refuse single operations."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.collections.enrolment import Enroller
from core.collections.enrolment_batching import EnrolmentGroups
from core.collections.registry import Collections
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ground.ids import new_id
from core.jobs.index_job import IndexJob
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import Job
from core.jobs.results import Results
from core.ports import ObjectStore
from core.settings import Settings
from core.testing import MemoryStore
from core.worker.job_kinds import IndexJobs
from core.worker.lane import Lane
from core.worker.scheduler import ChildScheduler, Priority
from harness.faults.http_proxy import HttpProxy, Refusal
from harness.localstack import LocalStack, free_port
from harness.waiting import wait_until
from tests.support.faces import face, recognition
from tests.support.waiting import let_pass
from tests.support.workers import join_lane, join_worker
from tests.support.worlds import aws_world, own_names

VISIBILITY_S = 2
OUTAGE_S = 6
"""As long as three receives last, of which a message has two."""


class Recognizer:
    """Finds one face on every photo."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return recognition(face(0.1))


@dataclass(kw_only=True)
class Site:
    """A running worker that reaches LocalStack through a proxy, and clients that do not."""

    settings: Settings
    proxy: HttpProxy
    album: MemoryStore = field(default_factory=MemoryStore)
    jobs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clients = aws_world(self.settings, lambda _: None)
        seen = self.settings.model_copy(update={"aws_endpoint_url": self.proxy.address})
        world = aws_world(seen, lambda _: None)
        self.index = Shared(seen, Infrastructure.on_aws(seen)).index
        collections = Collections(world.gallery, self.index, refresh_s=0)
        collections.create("family")

        def bulk_lane(scheduler: ChildScheduler, outputs: ObjectStore) -> list[Lane]:
            lane = join_lane(
                SqsQueue(sqs_client(seen), seen.sqs_index_queue_name),
                name="bulk",
                threads=2,
                outputs=outputs,
                kind=IndexJobs(
                    sources=PhotoSources(allowed={"album": self.album}, max_file_bytes=1000),
                    recognizer=scheduler.of(Priority.BULK),
                    enroller=EnrolmentGroups(Enroller(collections, self.index)),
                    outputs=outputs,
                ),
                dead_letters=world.dead_letters,
                clock=world.clock,
                visibility_s=VISIBILITY_S,
                heartbeat_s=0.5,
            )
            return [lane]

        self.worker = join_worker(
            world,
            Recognizer(),
            visibility_s=VISIBILITY_S,
            heartbeat_s=0.5,
            wait_s=1,
            sweep_interval_s=1,
            more_lanes=bulk_lane,
        ).worker
        self.thread = threading.Thread(target=self.worker.run)
        self.thread.start()

    def accept(self) -> None:
        """Accept an upload and an album photo."""
        job = Job.new("a.jpg")
        self.clients.inputs.put(job.input_key, b"a photo", content_type="image/jpeg")
        self.clients.queue.send(job.body)
        index_job = IndexJob(
            job_id=new_id(),
            collection_id="family",
            image_id=job.filename,
            s3_bucket="album",
            s3_key=job.body,
            batch_id=new_id(),
        )
        self.album.put(index_job.s3_key, b"a photo", content_type="image/jpeg")
        index_queue = SqsQueue(sqs_client(self.settings), self.settings.sqs_index_queue_name)
        index_queue.send(index_job.body)
        self.jobs += [job.job_id, index_job.job_id]

    def statuses(self) -> set[str]:
        """Return how the jobs ended, as far as they did."""
        s3 = s3_client(self.settings)
        results = Results(S3Store(self.settings, self.settings.s3_out_bucket, s3))
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
def site(localstack: LocalStack) -> Iterator[Site]:
    names = {**own_names(), "sqs_max_receive_count": 2}
    names["sqs_index_queue_name"] = f"index-{names['sqs_req_queue_name']}"
    with HttpProxy(localstack.port, free_port()) as proxy:
        site = Site(settings=localstack.settings(**names), proxy=proxy)
        yield site
        site.stop()


def test_no_job_is_lost_to_operations_that_are_refused(site: Site) -> None:
    inputs, outputs, gallery = (
        site.settings.s3_in_bucket,
        site.settings.s3_out_bucket,
        site.settings.s3_gallery_bucket,
    )
    read = Refusal(what=f"^GET /{inputs}/")
    enrol = Refusal(what=f"^(PUT|POST) /{gallery}/galleries")
    answer = Refusal(what=f"^PUT /{outputs}/", status=503, code="SlowDown")
    delete = Refusal(what=r"^SQS\.DeleteMessageBatch", status=503, code="ServiceUnavailable")
    for refusals, met in (((read, enrol), {read, enrol}), ((answer, delete), {answer})):
        site.proxy.refuse(*refusals)
        for _ in range(3):
            site.accept()
        wait_until(
            partial(site.was_refused, met),
            seconds=60,
            what="operations to be refused",
        )
        let_pass(OUTAGE_S)
        assert site.statuses() != {"done"}
        site.proxy.refuse()
        wait_until(lambda: site.statuses() == {"done"}, seconds=40, what="all jobs to be done")

    assert site.clients.dead_letters.receive(limit=1, wait_s=0) == []
