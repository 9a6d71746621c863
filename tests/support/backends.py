"""What the service runs on, in memory, in a folder and on LocalStack, for the same tests."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.ports import Bucket, JobQueue, ReceivedMessage
from core.settings import Settings
from core.testing import ScriptedRecognizer
from tests.support.infrastructure import MemoryInfrastructure

VISIBILITY_S: Final = 1
MAX_RECEIVE_COUNT: Final = 2
IN_HASTE: Final = {
    "sqs_visibility_timeout_seconds": VISIBILITY_S,
    "visibility_heartbeat_seconds": 0.5,
    "sqs_max_receive_count": MAX_RECEIVE_COUNT,
    "sqs_wait_time_seconds": 0,
    "retry_backoff_seconds": 1,
    "max_file_mb": 0.01,
    "worker_processes": 1,
}
"""Settings with which messages soon come back, and soon for the last time."""


@dataclass(frozen=True, kw_only=True)
class Backends:
    """Queues and buckets, by the names in the settings.

    ``let_pass`` lets some of the queues' time go by.
    """

    settings: Settings
    infrastructure: Infrastructure
    let_pass: Callable[[float], None]

    @property
    def queue(self) -> JobQueue:
        return self.infrastructure.queue(self.settings.sqs_req_queue_name)

    @property
    def dead_letters(self) -> JobQueue:
        return self.infrastructure.queue(self.settings.dead_letter_queue_name)

    @property
    def inputs(self) -> Bucket:
        return self.infrastructure.bucket(self.settings.s3_in_bucket)

    @property
    def outputs(self) -> Bucket:
        return self.infrastructure.bucket(self.settings.s3_out_bucket)

    def receive(self) -> ReceivedMessage:
        """Return the next message, waiting for it as long as it takes to come back."""
        for _ in range(100):
            messages = self.queue.receive(limit=1, wait_s=0)
            if messages:
                return messages[0]
            self.let_pass(0.1)
        raise AssertionError("no message came")

    def dead_bodies(self) -> list[str]:
        """Return the bodies in the dead-letter queue, once something has arrived there."""
        for _ in range(100):
            self.queue.receive(limit=1, wait_s=0)
            dead = self.dead_letters.receive(limit=10, wait_s=0)
            if dead:
                return [message.body for message in dead]
            self.let_pass(0.1)
        raise AssertionError("nothing was dead-lettered")

    def is_queue_empty(self) -> bool:
        """Tell whether no message is visible, nor hidden and so able to come back."""
        return not self.messages_left()

    def messages_left(self) -> int:
        """Count the messages of the request queue that are visible or hidden."""
        return self.infrastructure.depth([self.settings.sqs_req_queue_name], [])().jobs

    def nothing_comes_back(self) -> bool:
        """Tell whether the visibility timeout goes by without a message."""
        self.let_pass(VISIBILITY_S + 0.5)
        return not self.queue.receive(limit=1, wait_s=0)


def memory_backends() -> Backends:
    settings = Settings(_env_file=None, **IN_HASTE)  # type: ignore[arg-type]
    memory = MemoryInfrastructure(settings=settings, recognizer=ScriptedRecognizer())
    return Backends(
        settings=settings,
        infrastructure=memory.joined(),
        let_pass=memory.clock.advance,
    )


def aws_backends(settings: Settings, let_pass: Callable[[float], None] = time.sleep) -> Backends:
    provision(settings)
    return Backends(
        settings=settings,
        infrastructure=Infrastructure.on_aws(settings),
        let_pass=let_pass,
    )


def home_backends(settings: Settings) -> Backends:
    return Backends(
        settings=settings,
        infrastructure=Infrastructure.on_this_machine(settings),
        let_pass=time.sleep,
    )


def home_settings(folder: Path, **changes: Any) -> Settings:
    """Return settings of a home in a folder."""
    return Settings(
        _env_file=None,
        storage=f"file://{folder}",
        queue=f"sqlite://{folder}/queues.sqlite",
        **changes,
    )


def own_names() -> dict[str, object]:
    """Return names of buckets and queues that no other test uses."""
    tag = uuid.uuid4().hex[:12]
    return {
        "s3_in_bucket": f"in-{tag}",
        "s3_out_bucket": f"out-{tag}",
        "s3_gallery_bucket": f"gallery-{tag}",
        "sqs_req_queue_name": f"requests-{tag}",
        "sqs_index_queue_name": f"index-{tag}",
        "sqs_webhook_queue_name": f"webhooks-{tag}",
        "sqs_resp_queue_name": f"responses-{tag}",
    }
