"""Collections: named sets of enrolled people, each with a gallery of its own.

A collection is an object ``collections/{id}.json`` in the gallery bucket. Its
faces lie in a gallery whose id is issued with it, so that a collection made
again under an old name shares nothing with the former one.
"""

import itertools
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from core.collections.collection import Collection, Unknowns, check_model
from core.collections.collection_records import CollectionRecord, CollectionRecords
from core.collections.erased.erasure_log import ErasureLog
from core.collections.erased.erasure_records import ErasureLogs
from core.errors import (
    CollectionExists,
    CollectionNotAllowed,
    CollectionNotFound,
    StorageUnavailable,
)
from core.faces.results import Model
from core.gallery.changes import StoredChanges, Watch
from core.ground.ids import new_gallery_id
from core.ground.realms import WHOLE, Realm
from core.jobs.recognition_job import DEFAULT_COLLECTION
from core.ports import FaceIndex, ObjectStore

_ATTEMPTS: Final = 20
_READ_AT_ONCE: Final = 16


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
    check_writable : callable
        Raises ``ReadOnly`` while nothing may be changed.
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
        check_writable: Callable[[], None] = lambda: None,
    ) -> None:
        self._realm = realm
        self._watch = watch or Watch(StoredChanges(store), clock=clock)
        self._records = CollectionRecords(
            store, watch=self._watch, refresh_s=refresh_s, clock=clock, realm=realm
        )
        self.erasures = ErasureLogs(store)
        self._index = index
        self._refresh_s = refresh_s
        self._on_use = on_use
        self._check_writable = check_writable

    def create(
        self,
        collection_id: str,
        *,
        threshold: float | None = None,
        false_name_rate: float | None = None,
        metadata: dict[str, str] | None = None,
        keep_unknown: bool | None = None,
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
            false_name_rate=false_name_rate,
            metadata=metadata or {},
            keep_unknown=keep_unknown,
            created_at=datetime.now(UTC),
            erasures=uuid.uuid4().hex,  # there may be some of a former collection of this id
        )
        if not self._records.write(collection, version=None):
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

    def to_enrol(self, collection_id: str) -> Collection:
        """Return a collection to which a photo is accepted; raises what `get` raises.

        Raises
        ------
        ReadOnly
            If nothing may be changed now.
        """
        self._check_writable()
        return self.get(collection_id)

    def now(self, collection_id: str) -> Collection:
        """Return a collection as it is now, asking S3; raises what `get` raises."""
        return self._active(collection_id, fresh=True).collection

    def fresh_if_empty(self, collection_id: str) -> Collection:
        """Return a collection; one that is thought to have no face yet is looked up again."""
        collection = self.get(collection_id)
        return self.now(collection_id) if collection.model is None else collection

    def page(self, *, limit: int, after: str = "") -> list[Collection]:
        """Return the next collections behind an id, in order of ids; all states."""
        ids = list(itertools.islice(self._records.ids(after=after, limit=limit), limit))
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            found = threads.map(self._records.read, ids)
            return [each.collection for each in found if each is not None]

    def ids(self, *, limit: int) -> list[str]:
        """Return the first ids, in their order, of collections in all states."""
        return list(itertools.islice(self._records.ids(after="", limit=limit), limit))

    def names(self) -> dict[str, str]:
        """Return the ids of the collections that this process has used, by gallery id."""
        return {each.gallery_id: each.collection_id for each in self._records.known()}

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
                if self._records.write(bound, version=stored.version):
                    self.announce(bound)
                collection = self._active(collection.collection_id, fresh=True).collection
        check_model(collection, model)
        return collection

    def bind_unknowns(self, collection: Collection, model: Model, *, length: int) -> Collection:
        """Return the collection with a gallery for unknown faces of that model.

        Faces of another model can't be compared with them, and go. Nobody needs to hear of it:
        who looks for unknown faces asks S3 for the collection.
        """
        collection_id = collection.collection_id
        for _ in range(_ATTEMPTS):
            stored = self._active(collection_id, fresh=True)
            former = stored.collection.unknowns
            if former is not None and former.model == model:
                return stored.collection
            made = Unknowns(gallery_id=new_gallery_id(), model=model)
            self._index.create(made.gallery_id, length=length)
            changed = stored.collection.model_copy(update={"unknowns": made})
            if self._records.write(changed, version=stored.version):
                if former is not None:
                    self._index.drop(former.gallery_id)
                return self._active(collection_id, fresh=True).collection
            self._index.drop(made.gallery_id)
        raise StorageUnavailable(f"collection {collection_id!r} was changed by others")

    def find(self, collection_id: str) -> Collection | None:
        """Return a collection in any state as it is now, None if there is none; makes none."""
        found = self._records.read(collection_id)
        return None if found is None else found.collection

    def bring_back(self, collection: Collection) -> Collection:
        """Store the record of a collection whose faces are there; an empty one makes room for it.

        Raises
        ------
        CollectionExists
            If there is another one of that id, which is not empty.
        """
        back = collection.model_copy(update={"erasures": uuid.uuid4().hex})
        there = self._records.read(collection.collection_id)
        is_same = there is not None and there.collection.crops_folder == collection.crops_folder
        if there is not None and not (is_same or there.collection.is_empty):
            raise CollectionExists(f"there is already a collection {collection.collection_id!r}")
        if not self._records.write(back, version=None if there is None else there.version):
            raise StorageUnavailable(
                f"collection {collection.collection_id!r} was changed by others"
            )
        if there is not None:
            self.announce(there.collection)
        self.announce(back)
        self._records.forget(collection.collection_id)
        return back

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
        self.change(collection_id, {"erasures": uuid.uuid4().hex})

    def swap_gallery(
        self, collection: Collection, gallery_id: str, *, model: Model | None = None
    ) -> bool:
        """Let a collection have another gallery; tell whether it still had the one it is given.

        The former gallery is the caller's to drop. ``model`` is that of the new gallery, unless it
        is the same.
        """
        stored = self._active(collection.collection_id, fresh=True)
        if stored.collection.gallery_id != collection.gallery_id:
            return False
        moved = {"gallery_id": gallery_id, "moved_from": stored.collection.crops_folder}
        said = {} if model is None else {"model": model}
        swapped = stored.collection.model_copy(update={**moved, **said})
        done = self._records.write(swapped, version=stored.version)
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

    def change(self, collection_id: str, changes: Mapping[str, object]) -> Collection:
        """Give fields of a collection other values, and let every process look at it.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        """
        for _ in range(_ATTEMPTS):
            stored = self._active(collection_id, fresh=True)
            changed = stored.collection.model_copy(update=dict(changes))
            if self._records.write(changed, version=stored.version):
                self.announce(changed)
                return self.now(collection_id)  # so that this process looks at it, too
        raise StorageUnavailable(f"collection {collection_id!r} was changed by others")

    def begin_erasure(self, collection_id: str) -> Collection:
        """Mark a collection as being erased: nobody finds it once the refresh time is over.

        Works again on a collection whose erasure broke off.

        Raises
        ------
        CollectionNotFound
            If there is none of that id.
        """
        stored = self._records.read(collection_id)
        if stored is None:
            raise CollectionNotFound(f"there is no collection {collection_id!r}")
        closed = stored.collection.model_copy(update={"state": "erasing"})
        if stored.collection != closed and not self._records.write(closed, version=stored.version):
            raise StorageUnavailable(f"collection {collection_id!r} was changed by others")
        self.announce(closed)
        self._records.forget(collection_id)
        return closed

    def delete_record(self, collection: Collection) -> None:
        """Delete the record of a collection whose gallery is gone."""
        self._watch.announce_end(collection.gallery_id)
        self._records.delete(collection.collection_id)

    def announce(self, collection: Collection) -> None:
        """Let all processes look at a collection and its gallery; for changes made before.

        Needed only where a change is found done whose author may have died before a word.
        """
        self._watch.announce(collection.gallery_id)

    def _active(self, collection_id: str, *, fresh: bool = False) -> CollectionRecord:
        try:
            record = self._records.active(collection_id, fresh=fresh)
        except CollectionNotFound:
            if collection_id != DEFAULT_COLLECTION or not self._realm.shows(collection_id):
                raise
            with suppress(CollectionExists):  # by another process, just now
                self.create(collection_id)
            record = self._records.active(collection_id, fresh=True)
        self._on_use(collection_id)
        return record
