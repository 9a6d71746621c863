"""How many jobs of a tenant may be under way at once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from core.errors import ObjectMissing, ServiceUnavailable, TooManyJobs
from core.ground.parallel import for_each
from core.ground.storage_keys import batch_prefix
from core.ports import ObjectStore

LOOK_S: Final = 2.0
"""Least time between two looks at which jobs have ended."""
_MOST_LOOKED_AT: Final = 200
"""Jobs and batches of one look; the next look takes the next ones."""
_THREADS: Final = 16
_KEPT_S: Final = 86_400.0
"""Age at which a job is no longer counted, such as one that was erased."""
_ENDINGS: Final = (".done", ".failed")


class JobQuota(Protocol):
    """Where jobs are counted before they are queued."""

    def begin(self, job_id: str) -> None:
        """Count a job; raise ``TooManyJobs`` if too many would be under way."""
        ...

    def begin_batch(self, batch_id: str, jobs: int) -> None:
        """Count the jobs of a batch; raise ``TooManyJobs`` as `begin` does."""
        ...

    def end(self, job_id: str) -> None:
        """Count a job no longer."""
        ...


class _AnyNumber:
    """A `JobQuota` that counts nothing."""

    def begin(self, job_id: str) -> None:
        """Count nothing."""

    def begin_batch(self, batch_id: str, jobs: int) -> None:
        """Count nothing."""

    def end(self, job_id: str) -> None:
        """Count nothing."""


ANY_NUMBER: Final = _AnyNumber()


@dataclass(frozen=True, kw_only=True)
class _Jobs:
    """A job, or those of a batch; ``left`` have not ended."""

    total: int
    left: int
    since_s: float


class JobsUnderWay:
    """A `JobQuota`: the jobs that this process accepted for a tenant, while they have no result.

    Nobody tells the process that a job has ended, unless a request waits for it. It looks only
    when the limit is reached, and at most every two seconds. So below the limit nothing is asked
    of S3, and at the limit jobs that have ended may count a little longer.

    Parameters
    ----------
    outputs : ObjectStore
        Where results are, and the marks of batches.
    most : int
        Jobs that may be under way. A batch of more is accepted while none is.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, outputs: ObjectStore, *, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._outputs = outputs
        self._most = most
        self._clock = clock
        self._jobs: dict[str, _Jobs] = {}
        self._count = 0
        self._look_at_s = clock()
        self._lock = threading.Lock()

    def begin(self, job_id: str) -> None:
        self._begin(job_id, 1)

    def begin_batch(self, batch_id: str, jobs: int) -> None:
        self._begin(batch_prefix(batch_id), jobs)

    def end(self, job_id: str) -> None:
        with self._lock:
            self._set(job_id, None)

    def _begin(self, name: str, jobs: int) -> None:
        with self._lock:
            now_s = self._clock()
            if self._is_too_many(jobs) and now_s >= self._look_at_s:
                self._look_at_s = now_s + LOOK_S
                self._look()
            if self._is_too_many(jobs):
                raise TooManyJobs(f"{self._most} jobs under way are the most: wait for some")
            self._set(name, _Jobs(total=jobs, left=jobs, since_s=now_s))

    def _is_too_many(self, further: int) -> bool:
        return self._count > 0 and self._count + further > self._most

    def _set(self, name: str, jobs: _Jobs | None) -> None:
        """Have a job counted last, or no longer."""
        former = self._jobs.pop(name, None)
        self._count -= former.left if former else 0
        if jobs is not None and jobs.left > 0:
            self._jobs[name] = jobs
            self._count += jobs.left

    def _look(self) -> None:
        looked: dict[str, _Jobs] = {}
        expired_s = self._clock() - _KEPT_S

        def look(name: str) -> None:
            jobs = self._jobs[name]
            left = 0 if jobs.since_s < expired_s else self._left(name, jobs)
            looked[name] = replace(jobs, left=left)

        for_each(look, list(self._jobs)[:_MOST_LOOKED_AT], threads=_THREADS)
        for name, jobs in looked.items():
            self._set(name, jobs)

    def _left(self, name: str, jobs: _Jobs) -> int:
        """Return how many of the jobs have not ended; as many as before if S3 does not tell."""
        try:
            if name.endswith("/"):
                return jobs.total - self._marks(name)
            self._outputs.notes(name)
        except (ObjectMissing, ServiceUnavailable):
            return jobs.left
        return 0

    def _marks(self, prefix: str) -> int:
        marks, after = 0, ""
        while keys := self._outputs.keys(prefix, after=after):
            marks += sum(key.endswith(_ENDINGS) for key in keys)
            after = keys[-1]
        return marks
