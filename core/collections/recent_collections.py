"""Which collections are in use, so that processes which start load those first.

Every process with galleries in memory leaves notes now and then. The last ones count:
jobs of all collections come to all processes, so that their notes are much alike. A tenant's
collections are noted in its own part of the bucket, and beside these notes only whose
collection was used last, whose before it, and so on.
"""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from core.collections.collection import Collection
from core.collections.registry import Collections
from core.errors import CollectionNotFound, ObjectMissing, ServiceUnavailable
from core.ground.parallel import for_each
from core.ground.realms import is_tenant
from core.ground.storage_keys import RECENT_COLLECTIONS, RECENT_TENANTS
from core.ports import ObjectStore

_log = logging.getLogger(__name__)

MOST: Final = 200
"""Collections that are loaded ahead; the first search of any other one loads it."""
_AT_ONCE: Final = 4
_NOTE_EVERY_S: Final = 60.0

_Use = tuple[str, str]
"""A tenant, empty for the one without a name, and the id of a collection."""


class Uses:
    """The collections that a process used last; safe to use from several threads."""

    def __init__(self) -> None:
        self._uses: dict[_Use, None] = {}
        self._lock = threading.Lock()

    def note(self, tenant: str, collection_id: str) -> None:
        use = tenant, collection_id
        with self._lock:
            self._uses.pop(use, None)  # so that the last one is the last
            self._uses[use] = None
            if len(self._uses) > MOST:
                del self._uses[next(iter(self._uses))]

    def last_first(self) -> list[_Use]:
        with self._lock:
            return list(reversed(self._uses))


class RecentCollections:
    """The notes that processes leave. Both methods may raise ``StorageUnavailable``.

    Parameters
    ----------
    uses : Uses
        What this process uses.
    notes_of, collections_of : callable
        Return a tenant's part of the gallery bucket, and its collections.
    """

    def __init__(
        self,
        uses: Uses,
        *,
        notes_of: Callable[[str], ObjectStore],
        collections_of: Callable[[str], Collections],
    ) -> None:
        self._uses = uses
        self._notes_of = notes_of
        self._collections_of = collections_of
        self._left: list[_Use] = []

    def load(self) -> list[Collection]:
        """Return the collections that were used last, the last one first.

        Without a note, as before the first one, those without a tenant are taken whose ids
        come first.
        """
        uses = self._noted() or [("", each) for each in self._collections_of("").ids(limit=MOST)]
        found: dict[_Use, Collection] = {}
        away: list[ServiceUnavailable] = []

        def look(use: _Use) -> None:
            tenant, collection_id = use
            try:
                found[use] = self._collections_of(tenant).get(collection_id)
            except CollectionNotFound:
                return
            except ServiceUnavailable as error:
                away.append(error)

        # The last used one last, for `note` knows no other order than that of their use.
        for_each(look, uses[::-1], threads=_AT_ONCE)
        if away:
            raise away[0]
        return [found[use] for use in uses if use in found]

    def note(self) -> None:
        """Leave notes of those that this process used last, if they are other ones."""
        used = self._uses.last_first()
        if used == self._left:
            return
        for tenant, ids in _by_tenant(used).items():
            if ids != _by_tenant(self._left).get(tenant):
                _write(self._notes_of(tenant), RECENT_COLLECTIONS, ids)
        _write(self._notes_of(""), RECENT_TENANTS, [tenant for tenant, _ in used])
        self._left = used

    def _noted(self) -> list[_Use]:
        """Return what the last notes say, the last use first.

        Without an order, as earlier versions left none, all are of the tenant without a name.
        """
        order = _read(self._notes_of(""), RECENT_TENANTS) or [""] * MOST
        order = [tenant for tenant in order[:MOST] if not tenant or is_tenant(tenant)]
        ids = {
            tenant: iter(_read(self._notes_of(tenant), RECENT_COLLECTIONS)) for tenant in set(order)
        }
        # A tenant's note may be another process's than the order, and shorter.
        pairs = ((tenant, next(ids[tenant], None)) for tenant in order)
        return [(tenant, each) for tenant, each in pairs if each is not None]


def keep_warm(
    recent: RecentCollections,
    load: Callable[[Sequence[str]], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Load the galleries of recent collections; then leave notes every minute. Never returns.

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


def _by_tenant(uses: Sequence[_Use]) -> dict[str, list[str]]:
    ids = defaultdict(list)
    for tenant, collection_id in uses:
        ids[tenant].append(collection_id)
    return ids


def _read(store: ObjectStore, key: str) -> list[str]:
    try:
        noted = json.loads(store.get(key).body)
    except (ObjectMissing, ValueError):
        return []
    return [each for each in noted if isinstance(each, str)] if isinstance(noted, list) else []


def _write(store: ObjectStore, key: str, values: list[str]) -> None:
    store.put(key, json.dumps(values).encode(), content_type="application/json")
