"""The service's infrastructure for tests: in memory, or LocalStack without child processes."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.executors.pool import WarmPool
from core.faces.results import Needed, Recognition
from core.ports import DeadLetters, FaceIndex, Recognizer
from core.scaling.policy import Depth
from core.settings import Settings
from core.testing import (
    ManualClock,
    MemoryFaceIndex,
    MemoryQueue,
    MemoryStore,
    ScriptedRecognizer,
)


@dataclass(kw_only=True)
class MemoryInfrastructure:
    """Buckets, queues, an index and children in memory, made when they are asked for by name.

    ``sleep`` lets the time of all of them pass, and so does each photo that is recognised.
    Tasks for the background are noted, not run.
    """

    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    recognizer: Recognizer = field(default_factory=ScriptedRecognizer)
    seconds_a_photo: float = 1
    """If it is long enough, the worker's writes are apart without a wait."""
    clock: ManualClock = field(default_factory=ManualClock)
    index: FaceIndex = field(default_factory=MemoryFaceIndex)
    sleep: Callable[[float], None] | None = None
    buckets: dict[str, Any] = field(default_factory=dict)
    queues: dict[str, Any] = field(default_factory=dict)
    """Both may hold, by name, what a test puts in front of a bucket or queue."""
    children: list["ThreadChild"] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    """Names of the tasks for the background."""

    def bucket(self, name: str) -> MemoryStore:
        found: MemoryStore = self.buckets.setdefault(name, MemoryStore(self.clock))
        return found

    def queue(self, name: str) -> MemoryQueue:
        if name not in self.queues:
            self.queues[name] = MemoryQueue(
                clock=self.clock,
                visibility_s=self.settings.sqs_visibility_timeout_seconds,
                max_receive_count=self.settings.sqs_max_receive_count,
                dead_letters=None if name.endswith("-dlq") else self.queue(f"{name}-dlq"),
            )
        found: MemoryQueue = self.queues[name]
        return found

    def dead_letters(self, source: str) -> DeadLetters:
        raise AssertionError(f"dead letters of {source} are read on LocalStack and on a home")

    def depth(self, names: Sequence[str], light: Sequence[str]) -> Callable[[], Depth]:
        def look() -> Depth:
            queues = [self.queue(name) for name in names]
            hidden = sum(len(queue.in_flight) for queue in queues)
            there = sum(len(queue.bodies) for queue in queues)
            errands = sum(bool(self.queue(name).bodies) for name in light)
            return Depth(visible=there - hidden + errands, in_flight=hidden)

        return look

    def pool(self, processes: int) -> WarmPool:
        made = [ThreadChild(self.recognizer, before=self._let_pass) for _ in range(processes)]
        self.children += made
        return WarmPool(made, timeout_s=self.settings.job_timeout_seconds)

    def joined(self) -> Infrastructure:
        """Return what bootstrap takes."""
        return Infrastructure(
            bucket=self.bucket,
            queue=self.queue,
            dead_letters=self.dead_letters,
            depth=self.depth,
            index=lambda watch, bucket: self.index,
            pool=self.pool,
            executor=self.pool,
            clock=self.clock,
            wall_clock=self.clock,
            sleep=self.sleep or self.clock.advance,
            run_in_background=lambda name, task: self.tasks.append(name),
            resolve=_without_network,
        )

    def shared(self) -> Shared:
        """Return what a process on it is made of."""
        return Shared(self.settings, self.joined())

    def _let_pass(self) -> None:
        self.clock.advance(self.seconds_a_photo)


def _without_network(host: Any, port: Any, **options: Any) -> Any:
    """Look up what is an address already; a name is nowhere."""
    return socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **options)


def localstack_infrastructure(settings: Settings, recognizer: Recognizer) -> Infrastructure:
    """Return what production uses, on new buckets and queues, with a recogniser of the test's."""
    provision(settings)
    return with_recognizer(Infrastructure.on_aws(settings), recognizer)


def with_recognizer(infrastructure: Infrastructure, recognizer: Recognizer) -> Infrastructure:
    """Return the same with children that run a test's recogniser in the caller's thread."""

    def pool(processes: int) -> WarmPool:
        return WarmPool([ThreadChild(recognizer) for _ in range(processes)], timeout_s=30)

    return replace(infrastructure, pool=pool, executor=pool)


@dataclass
class ThreadChild:
    """A child of a pool that runs in the caller's thread, and ends its recogniser if that can."""

    recognizer: Recognizer
    before: Callable[[], None] = lambda: None
    launched: int = 0

    def launch(self) -> None:
        self.launched += 1

    def wait_until_ready(self) -> None:
        pass

    def recognise(self, photo: bytes, needed: Needed, *, timeout_s: float) -> Recognition:
        self.before()
        return self.recognizer.recognise(photo, needed)

    def retire(self) -> None:
        getattr(self.recognizer, "stop", lambda: None)()
