"""Which jobs a process knows to be pending, and when a client should ask for one again.

Clients that wait ask about the same jobs over and over. The process asks S3 only once whether a
job was accepted, because a listing is S3's most expensive request. The longer a client has
waited, the longer it is told to pause: when answers are late, polls at a fixed pace would be
most of the work and delay them further. Who asks before the pause is over is answered from
memory.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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
_EARLY: Final = 0.9
"""Share of a pause before whose end a client asks too early; clocks are not that exact."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """When a client was told to pause, and for how long."""

    at_s: float
    pause_s: int


class PendingJobs:
    """Pending jobs by id; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = TTLCache[str, float](_MOST_JOBS, REMEMBERED_S, timer=clock)
        self._asked = TTLCache[tuple[str, str], _Asked](_MOST_JOBS, REMEMBERED_S, timer=clock)
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

    def is_early(self, job_id: str, client: str) -> bool:
        """Tell whether a client asks for a job again before the pause that it was told is over.

        Each client has a pause of its own. Otherwise one that asks in time could find the job
        just asked for by another, and so learn its answer a whole pause late.
        """
        with self._lock:
            asked = self._asked.get((job_id, client))
            return (
                asked is not None
                and job_id in self._since_s
                and self._clock() < asked.at_s + _EARLY * asked.pause_s
            )

    def pause_s(self, job_id: str, client: str = "") -> int:
        """Return after how many seconds a client should ask again, and remember it.

        One that is early is told what is left of its pause.
        """
        with self._lock:
            now_s = self._clock()
            asked = self._asked.get((job_id, client))
            if asked is not None and now_s < asked.at_s + _EARLY * asked.pause_s:
                return math.ceil(asked.at_s + asked.pause_s - now_s)
            waited_s = now_s - self._since_s.get(job_id, now_s)
            pause_s = int(min(_LONGEST_S, max(_SHORTEST_S, _SHARE * waited_s)))
            self._asked[job_id, client] = _Asked(at_s=now_s, pause_s=pause_s)
            return pause_s


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
