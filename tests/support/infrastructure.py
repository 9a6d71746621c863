"""The service's infrastructure in memory, to which bootstrap joins what it joins on AWS."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.bootstrap.infrastructure import Infrastructure
from core.executors.pool import WarmPool
from core.faces.results import Needed, Recognition
from core.ports import FaceIndex, Recognizer
from core.settings import Settings
from core.testing import ManualClock, MemoryFaceIndex, MemoryQueue, MemoryStore


@dataclass(kw_only=True)
class MemoryInfrastructure:
    """Buckets, queues, an index and children in memory, made when they are asked for by name.

    ``sleep`` lets the time of all of them pass. Tasks for the background are noted, not run.
    """

    settings: Settings
    recognizer: Recognizer
    clock: ManualClock = field(default_factory=ManualClock)
    index: FaceIndex = field(default_factory=MemoryFaceIndex)
    sleep: Callable[[float], None] | None = None
    buckets: dict[str, MemoryStore] = field(default_factory=dict)
    queues: dict[str, MemoryQueue] = field(default_factory=dict)
    children: list["MemoryChild"] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    """Names of the tasks for the background."""

    def bucket(self, name: str) -> MemoryStore:
        return self.buckets.setdefault(name, MemoryStore(self.clock))

    def queue(self, name: str) -> MemoryQueue:
        if name not in self.queues:
            self.queues[name] = MemoryQueue(
                clock=self.clock,
                visibility_s=self.settings.sqs_visibility_timeout_seconds,
                max_receive_count=self.settings.sqs_max_receive_count,
                dead_letters=None if name.endswith("-dlq") else self.queue(f"{name}-dlq"),
            )
        return self.queues[name]

    def pool(self, processes: int) -> WarmPool:
        made = [MemoryChild(recognizer=self.recognizer) for _ in range(processes)]
        self.children += made
        return WarmPool(made, timeout_s=self.settings.job_timeout_seconds)

    def joined(self) -> Infrastructure:
        """Return what bootstrap takes."""
        return Infrastructure(
            bucket=self.bucket,
            queue=self.queue,
            index=lambda watch, forget_below: self.index,
            pool=self.pool,
            executor=self.pool,
            clock=self.clock,
            sleep=self.sleep or self.clock.advance,
            run_in_background=lambda name, task: self.tasks.append(name),
        )


@dataclass(kw_only=True)
class MemoryChild:
    """A child of a pool that runs in the caller's thread."""

    recognizer: Recognizer
    launched: int = 0
    retired: int = 0

    def launch(self) -> None:
        self.launched += 1

    def wait_until_ready(self) -> None:
        pass

    def recognise(self, photo: bytes, needed: Needed, *, timeout_s: float) -> Recognition:
        return self.recognizer.recognise(photo, needed)

    def retire(self) -> None:
        self.retired += 1
