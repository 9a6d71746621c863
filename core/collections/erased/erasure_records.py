"""Where it is kept what was erased and when.

An erasure leaves a record in ``erasures/{collection_id}.json`` of the gallery bucket before it
erases (`core.collections.erased.erasure_log`). Records leave the log when no message can be that
old any more. Those of erasures are then kept in ``past-erasures/{collection_id}.of/``, which
nothing reads but a restore of an old backup.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from cachetools import LRUCache

from core.collections.erased.erasure_log import NOTHING_ERASED, ErasureLog
from core.errors import ObjectMissing, StorageUnavailable
from core.ground.storage_keys import erasures_key, past_erasures_key, past_erasures_prefix
from core.ports import ObjectStore

_ATTEMPTS: Final = 20
_MOST_KNOWN: Final = 1000
_JSON: Final = "application/json"


class ErasureLogs:
    """The logs of the gallery bucket; for many threads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._known: LRUCache[tuple[str, str], ErasureLog] = LRUCache(_MOST_KNOWN)
        self._lock = threading.Lock()

    def of(self, collection_id: str, version: str) -> ErasureLog:
        """Return a collection's log as of a version; asks S3 once for each.

        A collection's ``erasures`` is the version; without one nothing was erased in it.
        """
        if not version:
            return NOTHING_ERASED
        with self._lock:
            known = self._known.get((collection_id, version))
        if known is None:
            known = self.now(collection_id)
            with self._lock:
                self._known[collection_id, version] = known
        return known

    def now(self, collection_id: str) -> ErasureLog:
        """Return a collection's log as it is now, whether or not the collection is there."""
        return self._read(collection_id)[0]

    def clock(self) -> datetime:
        """Return the time by S3's clock, to the second."""
        return self._store.now()

    def add(self, collection_id: str, change: Callable[[ErasureLog], ErasureLog]) -> None:
        """Change a log; other processes see it once the collection has another version."""
        for _ in range(_ATTEMPTS):
            log, version = self._read(collection_id)
            changed = change(log)
            self._keep_past(collection_id, log.left_out_by(changed))
            if self._store.put_if(
                erasures_key(collection_id),
                changed.model_dump_json().encode(),
                content_type=_JSON,
                version=version,
            ):
                return
        raise StorageUnavailable(f"the erasures of {collection_id!r} were changed by others")

    def ever(self, collection_id: str) -> ErasureLog:
        """Return a collection's log with all erasures that there ever were."""
        return self.now(collection_id).with_past(self._past(collection_id))

    def _keep_past(self, collection_id: str, past: ErasureLog) -> None:
        if past.records:
            # Another key each time: two writers may have left out the same record first.
            key = past_erasures_key(collection_id, uuid.uuid4().hex)
            self._store.put(key, past.model_dump_json().encode(), content_type=_JSON)

    def _past(self, collection_id: str) -> Iterator[ErasureLog]:
        prefix, after = past_erasures_prefix(collection_id), ""
        while keys := self._store.keys(prefix, after=after):
            for key in keys:
                yield ErasureLog.model_validate_json(self._store.get(key).body)
            after = keys[-1]

    def _read(self, collection_id: str) -> tuple[ErasureLog, str | None]:
        try:
            stored = self._store.get(erasures_key(collection_id))
        except ObjectMissing:
            return ErasureLog(), None
        return ErasureLog.model_validate_json(stored.body), stored.version
