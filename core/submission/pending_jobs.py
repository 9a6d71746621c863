"""Which jobs a process knows to be pending, and when a client should ask for one again.

Clients that wait ask about the same jobs over and over. Whether a job was accepted is
asked of S3 once, not each time: a listing is the dearest of its requests. And who has
waited for long is asked to wait longer between two questions: when answers are late,
questions at a fixed pace would be most of the work and make them later still.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from cachetools import TTLCache

UNKNOWN_S: Final = 2.0
"""A job of a batch is unknown until it is answered, and may then be so for so long."""
_MOST_UNKNOWN: Final = 10_000
REMEMBERED_S: Final = 600.0
"""After a job was erased, its status may be pending for so long."""
_MOST_JOBS: Final = 100_000
_SHARE: Final = 0.25
"""Of the time for which a job has been pending: its answer is known so much later at most."""
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
    """Jobs that were not there a moment ago, by id; safe to use from several threads.

    Whoever asks for a job that was never issued may ask again at once, and each question
    takes a listing of S3. An id is random and told to nobody before its job is accepted, so
    that nobody misses one by this.
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
