"""Token buckets in the memory of one process."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from cachetools import LRUCache

from core.access.limits.buckets import Draw, Level

_MOST_BUCKETS: Final = 20_000
"""Of one limit, so that who has many addresses fills no memory and empties no other limit."""


class MemoryBuckets:
    """Token buckets as `TokenBuckets` says; for many threads.

    A bucket is kept as the time at which it is full (the generic cell rate algorithm).

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    most : int
        Buckets of a limit that are kept, those used last. All others count as full.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, most: int = _MOST_BUCKETS
    ) -> None:
        self._clock = clock
        self._most = most
        self._full_at_s: dict[str, LRUCache[str, float]] = {}
        self._lock = threading.Lock()

    def take(self, draws: Sequence[Draw]) -> list[Level]:
        with self._lock:
            now_s = self._clock()
            full_in_s = [max(0.0, self._full_at(draw, now_s) - now_s) for draw in draws]
            waits_s = [draw.wait_s(each) for draw, each in zip(draws, full_in_s, strict=True)]
            if not any(waits_s):
                for place, draw in enumerate(draws):
                    full_in_s[place] += draw.takes_s
                    self._of(draw)[draw.subject] = now_s + full_in_s[place]
        return [
            draw.level(each, wait_s)
            for draw, each, wait_s in zip(draws, full_in_s, waits_s, strict=True)
        ]

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._full_at_s.values()))

    def _full_at(self, draw: Draw, now_s: float) -> float:
        return self._of(draw).get(draw.subject, now_s)

    def _of(self, draw: Draw) -> "LRUCache[str, float]":
        kept = self._full_at_s.get(draw.limit)
        if kept is None:
            kept = self._full_at_s[draw.limit] = LRUCache(self._most)
        return kept
