"""Which collections are in use, so that processes which start load those first.

Every process with galleries in memory leaves a note now and then. The last one counts:
jobs of all collections come to all processes, so that their notes are much alike.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from core.collections.collection import Collection
from core.collections.registry import Collections
from core.errors import CollectionNotFound, ObjectMissing, ServiceUnavailable
from core.ground.parallel import for_each
from core.ground.storage_keys import RECENT_COLLECTIONS
from core.ports import ObjectStore

_log = logging.getLogger(__name__)

MOST: Final = 200
"""Collections that are loaded ahead; the first search of any other one loads it."""
_AT_ONCE: Final = 4
_NOTE_EVERY_S: Final = 60.0


class RecentCollections:
    """The note that processes leave. Both methods may raise ``StorageUnavailable``."""

    def __init__(self, store: ObjectStore, collections: Collections) -> None:
        self._store = store
        self._collections = collections
        self._left: list[str] = []

    def load(self) -> list[Collection]:
        """Return the collections that were used last, the last one first.

        Without a note, as before the first one, those are taken whose ids come first.
        """
        ids = self._noted() or self._collections.ids(limit=MOST)
        found: dict[str, Collection] = {}
        away: list[ServiceUnavailable] = []

        def look(collection_id: str) -> None:
            try:
                found[collection_id] = self._collections.get(collection_id)
            except CollectionNotFound:
                return
            except ServiceUnavailable as error:
                away.append(error)

        # The last used one last, for `note` knows no other order than that of their use.
        for_each(look, ids[::-1], threads=_AT_ONCE)
        if away:
            raise away[0]
        return [found[collection_id] for collection_id in ids if collection_id in found]

    def note(self) -> None:
        """Leave a note of those that this process used last, if it is another one."""
        used = self._collections.used(limit=MOST)
        if used != self._left:
            self._store.put(
                RECENT_COLLECTIONS, json.dumps(used).encode(), content_type="application/json"
            )
            self._left = used

    def _noted(self) -> list[str]:
        try:
            ids = json.loads(self._store.get(RECENT_COLLECTIONS).body)
        except (ObjectMissing, ValueError):
            return []
        return [each for each in ids if isinstance(each, str)][:MOST]


def keep_warm(
    recent: RecentCollections,
    load: Callable[[Sequence[str]], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Load the galleries of recent collections; then leave a note every minute. Never returns.

    Without S3 nothing is loaded ahead, and the first search of each gallery does it.
    """
    try:
        used = [one for one in recent.load() if one.model is not None]
        load([collection.gallery_id for collection in used])
    except ServiceUnavailable as error:
        _log.warning("no gallery was loaded ahead", extra={"error": str(error)})
    while True:
        sleep(_NOTE_EVERY_S)
        try:
            recent.note()
        except ServiceUnavailable as error:
            _log.warning("recent collections were not noted", extra={"error": str(error)})
