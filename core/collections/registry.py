"""Collections: named sets of enrolled people, each with a gallery of its own.

A collection is an object ``collections/{id}.json`` in the gallery bucket. Its
faces lie in a gallery whose id is issued with it, so that a collection made
again under an old name shares nothing with the former one.
"""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.collections.collection import Collection, check_model
from core.collections.erasure_records import ErasureLog, ErasureLogs
from core.errors import (
    CollectionExists,
    CollectionNotAllowed,
    CollectionNotFound,
    InvalidCollectionId,
    ObjectMissing,
    StorageUnavailable,
)
from core.faces.results import Model
from core.faces.similarity import SIMILARITY_AT_THRESHOLD
from core.gallery.changes import Look, StoredChanges, Watch
from core.ground.ids import is_collection_id, new_gallery_id
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import COLLECTIONS, collection_key, collection_of
from core.jobs.recognition_job import DEFAULT_COLLECTION
from core.ports import FaceIndex, ObjectStore

_ATTEMPTS: Final = 20
_READ_AT_ONCE: Final = 16
_PAGE: Final = 1000
_JSON: Final = "application/json"
_TRUSTED_S: Final = 60.0
"""Age at which a collection is read again without a word of it: who changed it may have died
before one."""


@dataclass(frozen=True, kw_only=True)
class _Stored:
    collection: Collection
    version: str
    read_at_s: float
    seen: Look


class Collections:
    """The collections of the gallery bucket.

    Parameters
    ----------
    store : ObjectStore
        The gallery bucket.
    index : FaceIndex
        Where galleries are made.
    refresh_s : float
        How old what is known of a collection may be.
    clock : callable
        Monotonic seconds.
    watch : Watch, optional
        How changes are announced and seen, where others in the process use it too.
    realm : Realm
        Which of the store's collections are seen. The others are not there.
    on_use : callable
        Called with the id of each collection that someone asks for.
    """

    def __init__(
        self,
        store: ObjectStore,
        index: FaceIndex,
        *,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
        watch: Watch | None = None,
        realm: Realm = WHOLE,
        on_use: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._realm = realm
        self._watch = watch or Watch(StoredChanges(store), clock=clock)
        self.erasures = ErasureLogs(store)
        self._store = store
        self._index = index
        self._refresh_s = refresh_s
        self._clock = clock
        self._on_use = on_use
        self._known: dict[str, _Stored] = {}
        self._lock = threading.Lock()

    def create(
        self,
        collection_id: str,
        *,
        threshold: float = SIMILARITY_AT_THRESHOLD,
        metadata: dict[str, str] | None = None,
    ) -> Collection:
        """Make an empty collection.

        Raises
        ------
        CollectionExists
            If there is one of that id.
        CollectionNotAllowed
            If it would not be seen.
        InvalidCollectionId
            If the id is not 1 to 100 of ``A-Z a-z 0-9 _ . -``.
        """
        if not self._realm.shows(collection_id):
            raise CollectionNotAllowed("this key is not for a collection of that id")
        collection = Collection(
            collection_id=collection_id,
            gallery_id=new_gallery_id(),
            threshold=threshold,
            metadata=metadata or {},
            created_at=datetime.now(UTC),
            erasures=uuid.uuid4().hex,  # there may be some of a former collection of this id
        )
        if not self._write(collection, version=None):
            raise CollectionExists(f"there is already a collection {collection_id!r}")
        return collection

    def get(self, collection_id: str) -> Collection:
        """Return a collection; the default one is made when it is first asked for.

        Raises
        ------
        CollectionNotFound
            If there is none of that id.
        InvalidCollectionId
            If the id is not 1 to 100 of ``A-Z a-z 0-9 _ . -``.
        """
        return self._active(collection_id).collection

    def now(self, collection_id: str) -> Collection:
        """Return a collection as it is now, asking S3; raises what `get` raises."""
        return self._active(collection_id, fresh=True).collection

    def fresh_if_empty(self, collection_id: str) -> Collection:
        """Return a collection; one that is thought to have no face yet is looked up again."""
        collection = self.get(collection_id)
        return self.now(collection_id) if collection.model is None else collection

    def page(self, *, limit: int, after: str = "") -> list[Collection]:
        """Return the next collections behind an id, in order of ids; all states."""
        ids = list(itertools.islice(self._ids(after, limit), limit))
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            return [each.collection for each in threads.map(self._read, ids) if each is not None]

    def ids(self, *, limit: int) -> list[str]:
        """Return the first ids, in their order, of collections in all states."""
        return list(itertools.islice(self._ids("", limit), limit))

    def names(self) -> dict[str, str]:
        """Return the ids of the collections that this process has used, by gallery id."""
        with self._lock:
            known = [stored.collection for stored in self._known.values()]
        return {collection.gallery_id: collection.collection_id for collection in known}

    def bind(self, collection: Collection, model: Model, *, length: int) -> Collection:
        """Return the collection with a gallery for that model's embeddings.

        Raises
        ------
        ModelMismatch
            If it holds embeddings of another model.
        """
        while collection.model is None:
            self._index.create(collection.gallery_id, length=length)
            stored = self._active(collection.collection_id, fresh=True)
            collection = stored.collection
            if collection.model is None:
                bound = collection.model_copy(update={"model": model})
                if self._write(bound, version=stored.version):
                    self.announce(bound)
                collection = self._active(collection.collection_id, fresh=True).collection
        check_model(collection, model)
        return collection

    def is_current(self, collection: Collection) -> bool:
        """Tell whether the collection is still there, and nothing was erased, asking S3."""
        try:
            now = self.now(collection.collection_id)
        except CollectionNotFound:
            return False
        return (now.gallery_id, now.erasures) == (collection.gallery_id, collection.erasures)

    def erased(self, collection: Collection) -> ErasureLog:
        """Return what was erased in a collection; costs nothing while that is the same."""
        return self.erasures.of(collection.collection_id, collection.erasures)

    def record(
        self, collection_id: str, change: Callable[[ErasureLog, datetime], ErasureLog]
    ) -> None:
        """Change the log of what was erased, and let every process look at it.

        Parameters
        ----------
        change : callable
            Returns a log with the change. It is given the log, and the time by S3's clock.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        """
        self.erasures.add(collection_id, lambda log: change(log, self.erasures.clock()))
        for _ in range(_ATTEMPTS):
            stored = self._active(collection_id, fresh=True)
            noted = stored.collection.model_copy(update={"erasures": uuid.uuid4().hex})
            if self._write(noted, version=stored.version):
                self.announce(noted)
                self.now(collection_id)  # so that this process looks at it, too
                return
        raise StorageUnavailable(f"collection {collection_id!r} was changed by others")

    def swap_gallery(self, collection: Collection, gallery_id: str) -> bool:
        """Let a collection have another gallery; tell whether it still had the one it is given.

        The former gallery is the caller's to drop.
        """
        stored = self._active(collection.collection_id, fresh=True)
        if stored.collection.gallery_id != collection.gallery_id:
            return False
        swapped = stored.collection.model_copy(update={"gallery_id": gallery_id})
        done = self._write(swapped, version=stored.version)
        self.announce(collection)
        self._active(collection.collection_id, fresh=True)
        return done

    def version(self, collection: Collection) -> str | None:
        """Return another text after each change of a collection and its faces; None if untold.

        It is as old as ``refresh_s`` at most.
        """
        self._watch.look(max_age_s=self._refresh_s)
        # A collection without a face has no marker yet; its first face gives it a model, too.
        return "" if collection.model is None else self._watch.version(collection.gallery_id)

    def begin_erasure(self, collection_id: str) -> Collection:
        """Mark a collection as being erased: nobody finds it once the refresh time is over.

        Works again on a collection whose erasure broke off.

        Raises
        ------
        CollectionNotFound
            If there is none of that id.
        """
        stored = self._read(collection_id)
        if stored is None:
            raise _not_found(collection_id)
        closed = stored.collection.model_copy(update={"state": "erasing"})
        if stored.collection != closed and not self._write(closed, version=stored.version):
            raise StorageUnavailable(f"collection {collection_id!r} was changed by others")
        self.announce(closed)
        self._evict(collection_id)
        return closed

    def delete_record(self, collection: Collection) -> None:
        """Delete the record of a collection whose gallery is gone."""
        self._watch.announce_end(collection.gallery_id)
        self._store.delete(_key(collection.collection_id))
        self._evict(collection.collection_id)

    def announce(self, collection: Collection) -> None:
        """Let all processes look at a collection and its gallery; for changes made before.

        Needed only where a change is found done whose author may have died before a word.
        """
        self._watch.announce(collection.gallery_id)

    def _ids(self, after: str, limit: int) -> Iterator[str]:
        """Yield the ids of those that are seen, behind an id."""
        key = _key(after) if after else ""
        page = limit if self._realm.is_whole else _PAGE
        while keys := self._store.keys(COLLECTIONS, after=key, limit=page):
            yield from filter(self._realm.shows, map(collection_of, keys))
            key = keys[-1]

    def _evict(self, collection_id: str) -> None:
        with self._lock:
            self._known.pop(collection_id, None)

    def _active(self, collection_id: str, *, fresh: bool = False) -> _Stored:
        with self._lock:
            stored = self._known.get(collection_id)
        if fresh or stored is None or not self._is_up_to_date(stored):
            stored = self._read(collection_id)
        if stored is None and self._is_default(collection_id):
            stored = self._made_default()
        if stored is None or stored.collection.state != "active":
            with self._lock:
                self._known.pop(collection_id, None)
            raise _not_found(collection_id)
        with self._lock:
            self._known[collection_id] = stored
        self._on_use(collection_id)
        return stored

    def _is_up_to_date(self, stored: _Stored) -> bool:
        if self._clock() - stored.read_at_s >= _TRUSTED_S:
            return False
        self._watch.look(max_age_s=self._refresh_s)
        return not self._watch.has_changed(stored.collection.gallery_id, since=stored.seen)

    def _is_default(self, collection_id: str) -> bool:
        return collection_id == DEFAULT_COLLECTION and self._realm.shows(collection_id)

    def _made_default(self) -> _Stored | None:
        with suppress(CollectionExists):  # by another process, just now
            self.create(DEFAULT_COLLECTION)
        return self._read(DEFAULT_COLLECTION)

    def _read(self, collection_id: str) -> _Stored | None:
        key = _key(collection_id)
        if not self._realm.shows(collection_id):
            return None
        seen = self._watch.look(max_age_s=self._refresh_s)
        try:
            stored = self._store.get(key)
        except ObjectMissing:
            return None
        return _Stored(
            collection=Collection.model_validate_json(stored.body),
            version=stored.version,
            read_at_s=self._clock(),
            seen=seen,
        )

    def _write(self, collection: Collection, *, version: str | None) -> bool:
        return self._store.put_if(
            _key(collection.collection_id),
            collection.model_dump_json().encode(),
            content_type=_JSON,
            version=version,
        )


def _key(collection_id: str) -> str:
    if not is_collection_id(collection_id):
        raise InvalidCollectionId(
            f"a collection id is 1 to 100 of A-Z a-z 0-9 _ . -, not {collection_id!r}"
        )
    return collection_key(collection_id)


def _not_found(collection_id: str) -> CollectionNotFound:
    return CollectionNotFound(f"there is no collection {collection_id!r}")
