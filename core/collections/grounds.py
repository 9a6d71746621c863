"""How old the knowledge is that an answer rests on."""

import threading
import time
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

IN_TIME_S: Final = 0.8
"""From a look at who is enrolled to the stored result. Erasures wait longer than this and the
age that such a look may have."""
_MOST_JOBS: Final = 10_000


class Grounds:
    """When it was looked at who is enrolled, for each job that is being answered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._looked_s: LRUCache[str, float] = LRUCache(_MOST_JOBS)
        self._lock = threading.Lock()

    def note(self, job_id: str, looked_s: float) -> None:
        """Note that a job's answer rests on what was so at a monotonic time."""
        with self._lock:
            self._looked_s[job_id] = looked_s

    def are_fresh(self, job_id: str) -> bool:
        """Tell whether an erasure that came since still looks at a result that is stored now."""
        with self._lock:
            looked_s = self._looked_s.get(job_id)
        return looked_s is not None and self.clock() - looked_s <= IN_TIME_S
