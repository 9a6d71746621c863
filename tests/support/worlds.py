"""The outside of the service, in memory and on LocalStack, for the same tests."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from core.aws.autoscaling import QueueDepths
from core.aws.clients import s3_client, sqs_client
from core.aws.provisioning import provision
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.ports import JobQueue, ObjectStore, ReceivedMessage
from core.scaling.policy import Depth
from core.settings import Settings
from core.testing import ManualClock, MemoryQueue, MemoryStore

VISIBILITY_S = 1
MAX_RECEIVE_COUNT = 2


@dataclass(frozen=True, kw_only=True)
class World:
    """Queues and buckets.

    ``let_pass`` lets some of the queue's time go by; ``depth`` counts its messages,
    in worlds of which tests ask it.
    """

    queue: JobQueue
    dead_letters: JobQueue
    inputs: ObjectStore
    outputs: ObjectStore
    gallery: ObjectStore
    let_pass: Callable[[float], None]
    depth: Callable[[], Depth] | None = None
    clock: Callable[[], float] = time.monotonic

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
        """Count the messages that are visible or hidden."""
        assert self.depth is not None
        return self.depth().jobs

    def nothing_comes_back(self) -> bool:
        """Tell whether the visibility timeout goes by without a message."""
        self.let_pass(VISIBILITY_S + 0.5)
        return not self.queue.receive(limit=1, wait_s=0)


def memory_world(clock: ManualClock | None = None) -> World:
    clock = clock or ManualClock()
    dead_letters = MemoryQueue(clock=clock, visibility_s=VISIBILITY_S)
    queue = MemoryQueue(
        clock=clock,
        visibility_s=VISIBILITY_S,
        max_receive_count=MAX_RECEIVE_COUNT,
        dead_letters=dead_letters,
    )
    return World(
        queue=queue,
        dead_letters=dead_letters,
        inputs=MemoryStore(clock),
        outputs=MemoryStore(clock),
        gallery=MemoryStore(clock),
        let_pass=clock.advance,
        depth=lambda: _depth_in_memory(queue),
        clock=clock,
    )


def _depth_in_memory(queue: MemoryQueue) -> Depth:
    hidden = len(queue.in_flight)
    return Depth(visible=len(queue.bodies) - hidden, in_flight=hidden)


def aws_world(settings: Settings, let_pass: Callable[[float], None]) -> World:
    provision(settings)
    s3, sqs = s3_client(settings), sqs_client(settings)
    return World(
        queue=SqsQueue(sqs, settings.sqs_req_queue_name),
        dead_letters=SqsQueue(sqs, settings.dead_letter_queue_name),
        inputs=S3Store(settings, settings.s3_in_bucket, s3),
        outputs=S3Store(settings, settings.s3_out_bucket, s3),
        gallery=S3Store(settings, settings.s3_gallery_bucket, s3),
        let_pass=let_pass,
        depth=QueueDepths(sqs, [settings.sqs_req_queue_name]),
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
        "sqs_resp_queue_name": f"responses-{tag}",
    }
