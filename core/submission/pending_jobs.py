"""Which jobs a process knows to be pending, and when a client should ask for one again.

Clients that wait ask about the same jobs over and over. The process asks S3 only once whether a
job was accepted, because a listing is S3's most expensive request. The longer a client has
waited, the longer it is told to pause: when answers are late, polls at a fixed pace would be
most of the work and delay them further.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from cachetools import TTLCache

UNKNOWN_S: Final = 2.0
"""A job of a batch is unknown until it is answered, and then for this long at most."""
_MOST_UNKNOWN: Final = 10_000
REMEMBERED_S: Final = 600.0
"""After a job was erased, its status may be pending for this long."""
_MOST_JOBS: Final = 100_000
_SHARE: Final = 0.25
"""Pause as a share of the time pending, and so the most by which an answer is known late."""
_SHORTEST_S: Final = 1
_LONGEST_S: Final = 10


class PendingJobs:
    """Pending jobs by id; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = TTLCache[str, float](_MOST_JOBS, REMEMBERED_S, timer=clock)
        self._lock = threading.Lock()

    def __contains__(self, job_id: str) -> bool:
        with self._lock:
            return job_id in self._since_s

    def add(self, job_id: str) -> None:
        """Remember from now on that a job is pending, unless that is known."""
        with self._lock:
            self._since_s.setdefault(job_id, self._clock())

    def remove(self, job_id: str) -> None:
        """Forget a job, known or not."""
        with self._lock:
            self._since_s.pop(job_id, None)

    def pause_s(self, job_id: str) -> int:
        """Return after how many seconds a client should ask again."""
        with self._lock:
            now_s = self._clock()
            waited_s = now_s - self._since_s.get(job_id, now_s)
        return int(min(_LONGEST_S, max(_SHORTEST_S, _SHARE * waited_s)))


class UnknownJobs:
    """Jobs that did not exist a moment ago, by id; safe to use from several threads.

    A client may ask again and again for a job that was never issued, and each question takes
    a listing of S3. An id is random, and no client knows it before its job is accepted, so no
    client misses a job by this.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._ids = TTLCache[str, None](_MOST_UNKNOWN, UNKNOWN_S, timer=clock)
        self._lock = threading.Lock()

    def __contains__(self, job_id: str) -> bool:
        with self._lock:
            return job_id in self._ids

    def add(self, job_id: str) -> None:
        with self._lock:
            self._ids[job_id] = None
