"""What the service runs on: buckets, queues, an index, recognisers and time.

Each is imported when it is made, because a command may use only some of them.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

from core.access.limits.shared_buckets import Checkable
from core.bootstrap.limits import build_shared_buckets
from core.bootstrap.shared_redis import build_shared_job_notes
from core.executors.pool import WarmPool
from core.gallery.changes import Watch
from core.gallery.lance.storage import gallery_uri
from core.gallery.lance.torn_versions import set_torn_versions_aside
from core.jobs.webhooks.addresses import Resolve
from core.ports import Bucket, DeadLetters, FaceIndex, JobQueue
from core.scaling.policy import Depth
from core.settings import Settings
from core.submission.job_notes import JobNotes


def _in_a_thread(name: str, task: Callable[[], None]) -> None:
    """Run a task in a thread that ends with the process."""
    threading.Thread(target=task, name=name, daemon=True).start()


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """What a process of the service needs from outside. Each part is made when it is asked for.

    The same name gives the same bucket and the same queue each time.

    Parameters
    ----------
    bucket, queue : callable
        Return the bucket or the queue of a name.
    dead_letters : callable
        Returns the dead letters of the queue of a name.
    depth : callable
        Returns what counts the messages of the queues of some names, all together, and for each
        of some further queues one if it has any.
    waiting_s : callable
        Returns for how many seconds the oldest message of a queue has waited, 0 if none waits.
        None where the queue does not tell: SQS tells only CloudWatch.
    index : callable
        Returns the face index. It is given what sees changes of galleries, and what removes
        old versions of objects below a prefix.
    pool : callable
        Returns that many children of this machine, not started yet.
    executor : callable
        Returns what recognises a worker's photos; not started yet.
    shared_buckets : callable
        Returns token buckets that all processes share; None if each has its own.
    shared_job_notes : callable
        Returns notes of jobs that all processes share; None if each has its own.
    keep_house : callable, optional
        Removes what is old, for as long as the process lives; it is given how to let time pass.
        None where the storage does so by itself.
    resolve : callable
        Looks hosts of webhooks up, as ``socket.getaddrinfo``.
    clock, sleep : callable
        Monotonic seconds, and how to let them pass.
    wall_clock : callable
        Seconds since 1970, which mean the same to every process.
    run_in_background : callable
        Runs a task, which it is given with a name, beside everything else.
    """

    bucket: Callable[[str], Bucket]
    queue: Callable[[str], JobQueue]
    dead_letters: Callable[[str], DeadLetters]
    depth: Callable[[Sequence[str], Sequence[str]], Callable[[], Depth]]
    index: Callable[[Watch, Bucket], FaceIndex]
    pool: Callable[[int], WarmPool]
    executor: Callable[[int], WarmPool]
    waiting_s: Callable[[str], float | None] = lambda _: None
    shared_buckets: Callable[[], Checkable | None] = lambda: None
    shared_job_notes: Callable[[], JobNotes | None] = lambda: None
    keep_house: Callable[[Callable[[float], None]], None] | None = None
    resolve: Resolve = socket.getaddrinfo
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall_clock: Callable[[], float] = time.time
    run_in_background: Callable[[str, Callable[[], None]], None] = _in_a_thread

    @classmethod
    def of(cls, settings: Settings, *, long_poll_s: float = 0) -> Self:
        """Return the home on this machine that the settings name, or AWS.

        Raises
        ------
        HomeUnusable
            If there is such a home, and it can't be used.
        """
        if settings.home_folder is not None:
            return cls.on_this_machine(settings)
        return cls.on_aws(settings, long_poll_s=long_poll_s)

    @classmethod
    def on_this_machine(cls, settings: Settings) -> Self:
        """Return a folder, a file of queues, and the index and recognisers of the settings."""
        from core.home.home import Home

        home = Home.made(settings)
        home.once_per_boot(partial(set_torn_versions_aside, Path(gallery_uri(settings))))
        return cls(
            bucket=cache(home.bucket),
            queue=cache(home.queue),
            dead_letters=home.dead_letters,
            depth=home.depth,
            waiting_s=home.waiting_s,
            keep_house=home.sweep.keep_running,
            **_of_any_home(settings),
        )

    @classmethod
    def on_aws(cls, settings: Settings, *, long_poll_s: float = 0) -> Self:
        """Return S3, SQS, and the index and recognisers that the settings name.

        Parameters
        ----------
        long_poll_s : float
            Longest wait for messages of a queue.
        """
        from core.aws.autoscaling import QueueDepths
        from core.aws.clients import s3_client, sqs_client
        from core.aws.dead_letter_queue import DeadLetterQueue
        from core.aws.s3 import S3Store
        from core.aws.sqs import SqsQueue

        s3 = cache(partial(s3_client, settings))
        sqs = cache(partial(sqs_client, settings, long_poll_s=long_poll_s))
        return cls(
            bucket=cache(lambda name: S3Store(settings, name, s3())),
            queue=cache(lambda name: SqsQueue(sqs(), name)),
            dead_letters=lambda source: DeadLetterQueue(sqs(), source),
            depth=lambda names, light: QueueDepths(sqs(), names, light=light),
            **_of_any_home(settings),
        )


def _of_any_home(settings: Settings) -> dict[str, Any]:
    """Return what the settings name wherever objects and queues are."""
    return {
        "index": partial(_index, settings),
        "pool": partial(_pool, settings),
        "executor": partial(_executor, settings),
        "shared_buckets": partial(build_shared_buckets, settings),
        "shared_job_notes": partial(build_shared_job_notes, settings),
    }


def _index(settings: Settings, watch: Watch, bucket: Bucket) -> FaceIndex:
    from core.gallery.factory import build_index

    return build_index(settings, watch, bucket)


def _pool(settings: Settings, processes: int) -> WarmPool:
    from core.bootstrap.recognizers import build_pool

    return build_pool(settings, processes=processes)


def _executor(settings: Settings, children: int) -> WarmPool:
    from core.bootstrap.recognizers import build_executor

    return build_executor(settings, children=children)
