"""How many deliveries go to one endpoint at a time, so that a slow one does not hold up others."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from cachetools import LRUCache

MOST_AT_ONCE: Final = 4
MOST_AFTER_FAILURE: Final = 1
_MOST_KNOWN: Final = 10_000


class Turns:
    """The deliveries under way in this process; for many threads.

    An endpoint whose last delivery failed has one at a time. One that asked to be left alone has
    none until then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._failed: LRUCache[str, bool] = LRUCache(_MOST_KNOWN)
        self._quiet_until_s: LRUCache[str, float] = LRUCache(_MOST_KNOWN)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, webhook_id: str) -> Iterator[bool]:
        """Yield whether there is room for one more delivery, which lasts as long as the block."""
        has_room = self._begin(webhook_id)
        try:
            yield has_room
        finally:
            if has_room:
                self._end(webhook_id)

    def ended(self, webhook_id: str, *, well: bool, quiet_s: float = 0) -> None:
        """Note how a delivery ended, and for how long the endpoint wants to be left alone."""
        with self._lock:
            self._failed[webhook_id] = not well
            if quiet_s:
                self._quiet_until_s[webhook_id] = self._clock() + quiet_s

    def _begin(self, webhook_id: str) -> bool:
        with self._lock:
            most = MOST_AFTER_FAILURE if self._failed.get(webhook_id) else MOST_AT_ONCE
            if self._under_way[webhook_id] >= most:
                return False
            if self._quiet_until_s.get(webhook_id, self._clock()) > self._clock():
                return False
            self._under_way[webhook_id] += 1
            return True

    def _end(self, webhook_id: str) -> None:
        with self._lock:
            self._under_way[webhook_id] -= 1
            if not self._under_way[webhook_id]:
                del self._under_way[webhook_id]
