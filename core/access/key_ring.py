"""The keys that a web process knows, each looked up again before it is two seconds old."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cachetools import LRUCache

from core.access.key_store import KeyStore
from core.access.keys import ApiKey, GivenKey
from core.errors import KeyInvalid, ServiceUnavailable

log = logging.getLogger(__name__)

TRUSTED_S: Final = 1.5
"""How old what is known of a key may be, so that a revoked one is refused within two seconds."""
_MOST_KEYS: Final = 10_000
"""Unknown ids are among them, so that who tries one again and again does not ask S3 each time."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    key: ApiKey | None
    read_at_s: float


class KeyRing:
    """Finds the key of a caller; for many threads.

    Parameters
    ----------
    store : KeyStore
    clock : callable
        Monotonic seconds.
    run_in_background : callable
        Runs a task, which it is given with a name, beside everything else.
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        run_in_background: Callable[[str, Callable[[], None]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._run_in_background = run_in_background
        self._known: LRUCache[str, _Known] = LRUCache(_MOST_KEYS)
        self._used: LRUCache[str, str] = LRUCache(_MOST_KEYS)
        self._lock = threading.Lock()

    def key(self, text: str) -> ApiKey:
        """Return the key that a caller sent.

        Raises
        ------
        KeyInvalid
            If it is unknown, revoked or expired.
        StorageUnavailable
            If that can't be looked up.
        """
        given = GivenKey.read(text)
        key = None if given is None else self._look_up(given.key_id)
        now = datetime.now(UTC)
        if given is None or key is None or not key.opens(given, now):
            raise KeyInvalid("the key is unknown, revoked or expired")
        self._note_use(key.key_id, now)
        return key

    def _look_up(self, key_id: str) -> ApiKey | None:
        with self._lock:
            known = self._known.get(key_id)
        if known is not None and self._clock() - known.read_at_s < TRUSTED_S:
            return known.key
        read_at_s = self._clock()
        key = self._store.read(key_id)
        with self._lock:
            self._known[key_id] = _Known(key=key, read_at_s=read_at_s)
        return key

    def _note_use(self, key_id: str, now: datetime) -> None:
        """Note the day of a key's use, once a day."""
        day = now.date()
        with self._lock:
            if self._used.get(key_id) == day.isoformat():
                return
            self._used[key_id] = day.isoformat()

        def note() -> None:
            try:
                self._store.note_use(key_id, day)
            except ServiceUnavailable as error:
                log.warning("use of a key was not noted", extra={"reason": str(error)})

        self._run_in_background("key-use", note)
