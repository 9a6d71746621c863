"""A real worker, and an album of photos that it indexes."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import boto3
from botocore.config import Config

from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.requests import build_batch_requests, build_batches
from core.jobs.index_job import IndexOptions
from core.settings import Settings
from core.submission.batch_progress import BatchProgress
from core.submission.batch_requests import BatchRequests
from harness.localstack import LocalStack
from harness.processes import WorkerProcess
from tests.support.backends import own_names
from tests.support.service import settings_of

COLLECTION = "family"


@dataclass(kw_only=True)
class AlbumDeployment:
    """Buckets, queues and a worker between them; the test's own clients go straight to them."""

    settings: Settings
    folder: Path
    batches: list[str] = field(default_factory=list)
    workers: list[WorkerProcess] = field(default_factory=list)

    @classmethod
    def on(cls, localstack: LocalStack, folder: Path, **changes: object) -> "AlbumDeployment":
        """Return the deployment with its buckets and queues, and an empty collection."""
        names = own_names()
        names["allowed_buckets"] = (f"album-{uuid.uuid4().hex[:12]}",)
        settings = localstack.settings(**names, **settings_of(**changes))
        provision(settings)
        s3_client(settings).create_bucket(Bucket=settings.allowed_buckets[0])
        deployment = cls(settings=settings, folder=folder)
        deployment.shared.collections.create(COLLECTION)
        return deployment

    @cached_property
    def shared(self) -> Shared:
        return Shared(self.settings, Infrastructure.on_aws(self.settings))

    @cached_property
    def batch_requests(self) -> BatchRequests:
        return build_batch_requests(self.shared)

    def start_worker(self, **variables: str) -> WorkerProcess:
        """Return a worker that has started; variables override the settings."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(self.settings, log, **variables))
        return self.workers[-1].started()

    def put(self, key: str, body: bytes) -> None:
        """Store an object in the album, however long LocalStack takes for it."""
        s3 = boto3.client(
            "s3",
            endpoint_url=self.settings.aws_endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(read_timeout=300, s3={"addressing_style": "path"}),
        )
        s3.put_object(Bucket=self.settings.allowed_buckets[0], Key=key, Body=body)

    def submit(self, prefix: str, collection_id: str = COLLECTION) -> None:
        """Have everything below a prefix of the album indexed."""
        options = IndexOptions(collection_id=collection_id)
        self.batches.append(self.batch_requests.submit_prefix(None, prefix, options))

    def statuses(self) -> list[BatchProgress]:
        stored = build_batches(self.shared)
        return [stored.status(batch, limit=1000) for batch in self.batches]

    def is_answered(self) -> bool:
        """Tell whether no photo of any batch is pending."""
        return all(status.pending == 0 for status in self.statuses())

    def outcomes(self) -> Counter[str]:
        """Return how many photos ended how: ``done``, ``pending``, or the code of an error."""
        return Counter(
            outcome.error.code if outcome.error else outcome.status
            for status in self.statuses()
            for outcome in status.outcomes
        )

    def enrolled(self) -> int:
        """Return how many faces the collection has."""
        return self.shared.index.count(self.shared.collections.get(COLLECTION).gallery_id)

    def dead_letters(self) -> int:
        queue = self.shared.infrastructure.queue(self.settings.index_dead_letter_queue_name)
        return len(queue.receive(limit=10, wait_s=0))

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.shared.index.close()
