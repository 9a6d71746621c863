"""The records of collections in the gallery bucket, and what a process knows of them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from core.collections.collection import Collection
from core.errors import CollectionNotFound, InvalidCollectionId, ObjectMissing
from core.gallery.changes import Look, Watch
from core.ground.ids import is_collection_id
from core.ground.realms import Realm
from core.ground.storage_keys import COLLECTIONS, collection_key, collection_of
from core.ports import ObjectStore

_PAGE: Final = 1000
_TRUSTED_S: Final = 60.0
"""Age at which a collection is read again without a word of it: who changed it may have died
before one."""


@dataclass(frozen=True, kw_only=True)
class CollectionRecord:
    """A collection as it was read, with the version of its object."""

    collection: Collection
    version: str
    read_at_s: float
    seen: Look


class CollectionRecords:
    """Reads and writes collections; remembers those that were asked for while they are current.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    watch : Watch
        How changes are seen.
    refresh_s : float
        How old what is known of a collection may be.
    clock : callable
        Monotonic seconds.
    realm : Realm
        Which collections are seen. The others are not there.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        watch: Watch,
        refresh_s: float,
        clock: Callable[[], float],
        realm: Realm,
    ) -> None:
        self._store = store
        self._watch = watch
        self._refresh_s = refresh_s
        self._clock = clock
        self._realm = realm
        self._known: dict[str, CollectionRecord] = {}
        self._lock = threading.Lock()

    def active(self, collection_id: str, *, fresh: bool = False) -> CollectionRecord:
        """Return a collection that is not being erased; a ``fresh`` one is read now.

        Raises
        ------
        CollectionNotFound, InvalidCollectionId
            If there is none of that id; if the id is none.
        """
        with self._lock:
            record = self._known.get(collection_id)
        if fresh or record is None or not self._is_up_to_date(record):
            record = self.read(collection_id)
        if record is None or record.collection.state != "active":
            self.forget(collection_id)
            raise CollectionNotFound(f"there is no collection {collection_id!r}")
        with self._lock:
            self._known[collection_id] = record
        return record

    def known(self) -> list[Collection]:
        """Return the collections that are remembered."""
        with self._lock:
            return [record.collection for record in self._known.values()]

    def forget(self, collection_id: str) -> None:
        """Read a collection again when it is next asked for."""
        with self._lock:
            self._known.pop(collection_id, None)

    def read(self, collection_id: str) -> CollectionRecord | None:
        """Return a collection in any state as it is now, None if there is none."""
        key = _key(collection_id)
        if not self._realm.shows(collection_id):
            return None
        seen = self._watch.look(max_age_s=self._refresh_s)
        try:
            stored = self._store.get(key)
        except ObjectMissing:
            return None
        return CollectionRecord(
            collection=Collection.from_stored(stored.body),
            version=stored.version,
            read_at_s=self._clock(),
            seen=seen,
        )

    def write(self, collection: Collection, *, version: str | None) -> bool:
        """Store a collection if it still has that version, None for none; tell whether it had."""
        return self._store.put_if(
            _key(collection.collection_id),
            collection.model_dump_json().encode(),
            content_type="application/json",
            version=version,
        )

    def delete(self, collection_id: str) -> None:
        """Delete a collection's record."""
        self._store.delete(_key(collection_id))
        self.forget(collection_id)

    def ids(self, *, after: str, limit: int) -> Iterator[str]:
        """Yield the ids of those that are seen, behind an id; about ``limit`` are wanted."""
        key = _key(after) if after else ""
        page = limit if self._realm.is_whole else _PAGE
        while keys := self._store.keys(COLLECTIONS, after=key, limit=page):
            yield from filter(self._realm.shows, map(collection_of, keys))
            key = keys[-1]

    def _is_up_to_date(self, record: CollectionRecord) -> bool:
        if self._clock() - record.read_at_s >= _TRUSTED_S:
            return False
        self._watch.look(max_age_s=self._refresh_s)
        return not self._watch.has_changed(record.collection.gallery_id, since=record.seen)


def _key(collection_id: str) -> str:
    if not is_collection_id(collection_id):
        raise InvalidCollectionId(
            f"a collection id is 1 to 100 of A-Z a-z 0-9 _ . -, not {collection_id!r}"
        )
    return collection_key(collection_id)
