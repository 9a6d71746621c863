"""How many deliveries go where at a time, so that slow receivers do not hold up others."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from cachetools import LRUCache

MOST_AT_ONCE: Final = 4
MOST_AFTER_FAILURE: Final = 1
THREADS: Final = 32
"""Deliveries of a worker at a time; each waits for a receiver, and for 15 seconds at most."""
MOST_FAILED: Final = THREADS // 2
"""To all endpoints whose last delivery failed, which may take the whole time that one has."""
MOST_OF_A_TENANT: Final = THREADS // 2
_MOST_KNOWN: Final = 10_000


class Turns:
    """The deliveries under way in this process; for many threads.

    An endpoint whose last delivery failed has one at a time. One that asked to be left alone has
    none until then. Neither one tenant's nor those that failed last take all places.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._of_tenants: Counter[str] = Counter()
        self._failed_under_way = 0
        self._failed: LRUCache[str, bool] = LRUCache(_MOST_KNOWN)
        self._quiet_until_s: LRUCache[str, float] = LRUCache(_MOST_KNOWN)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, webhook_id: str, *, tenant: str = "") -> Iterator[bool]:
        """Yield whether there is room for one more delivery, which lasts as long as the block."""
        with self._lock:
            has_failed = bool(self._failed.get(webhook_id))
            has_room = self._has_room(webhook_id, tenant, has_failed=has_failed)
            if has_room:
                self._count(1, webhook_id, tenant, has_failed=has_failed)
        try:
            yield has_room
        finally:
            if has_room:
                with self._lock:
                    self._count(-1, webhook_id, tenant, has_failed=has_failed)

    def ended(self, webhook_id: str, *, well: bool, quiet_s: float = 0) -> None:
        """Note how a delivery ended, and for how long the endpoint wants to be left alone."""
        with self._lock:
            self._failed[webhook_id] = not well
            if quiet_s:
                self._quiet_until_s[webhook_id] = self._clock() + quiet_s

    def _has_room(self, webhook_id: str, tenant: str, *, has_failed: bool) -> bool:
        most = MOST_AFTER_FAILURE if has_failed else MOST_AT_ONCE
        return (
            self._under_way[webhook_id] < most
            and self._of_tenants[tenant] < MOST_OF_A_TENANT
            and not (has_failed and self._failed_under_way >= MOST_FAILED)
            and self._quiet_until_s.get(webhook_id, 0.0) <= self._clock()
        )

    def _count(self, step: int, webhook_id: str, tenant: str, *, has_failed: bool) -> None:
        self._failed_under_way += step * has_failed
        for counter, name in ((self._under_way, webhook_id), (self._of_tenants, tenant)):
            counter[name] += step
            if not counter[name]:
                del counter[name]
