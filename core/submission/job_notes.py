"""Which job had a photo, noted for a while: in this process, or in Redis for all."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from cachetools import TTLCache

from core.host.metrics import metrics

if TYPE_CHECKING:
    from redis import Redis

log = logging.getLogger(__name__)

_MOST_JOBS: Final = 20_000
_PREFIX: Final = "efr:repeat:"
_PAUSE_S: Final = 5.0
"""After a failure, in which Redis is not asked: each question may take its time-out."""


class JobNotes(Protocol):
    """Ids of jobs by what their answers depend on; for many threads."""

    def get(self, key: str) -> str | None:
        """Return the job that was noted under a key."""
        ...

    def put(self, key: str, job_id: str) -> None:
        """Note a job, in place of another."""
        ...


class OwnJobNotes:
    """Notes of this process."""

    def __init__(self, kept_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs: TTLCache[str, str] = TTLCache(_MOST_JOBS, kept_s, timer=clock)
        self._lock = Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._jobs.get(key)

    def put(self, key: str, job_id: str) -> None:
        with self._lock:
            self._jobs[key] = job_id


class RedisJobNotes:
    """Notes that all processes share. While Redis is away nothing is noted and nothing is found."""

    def __init__(
        self, redis: "Redis", kept_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from core.access.redis_client import FAILURES  # an extra

        self._redis = redis
        self._kept_ms = max(1, round(1000 * kept_s))
        self._clock = clock
        self._failures = FAILURES
        self._again_at_s = clock()
        self._is_away = False

    def get(self, key: str) -> str | None:
        found = self._unless_away(lambda: self._redis.get(f"{_PREFIX}{key}"))
        return found.decode() if isinstance(found, bytes) else None

    def put(self, key: str, job_id: str) -> None:
        self._unless_away(lambda: self._redis.set(f"{_PREFIX}{key}", job_id, px=self._kept_ms))

    def _unless_away(self, ask: Callable[[], object]) -> object:
        if self._clock() < self._again_at_s:
            return None
        try:
            answer = ask()
        except self._failures as error:
            self._again_at_s = self._clock() + _PAUSE_S
            if not self._is_away:
                log.warning("earlier answers are not found", extra={"reason": str(error)})
            self._is_away = True
            metrics().cache_away.labels("answers").set(1)
            return None
        if self._is_away:
            metrics().cache_away.labels("answers").set(0)
        self._is_away = False
        return answer
