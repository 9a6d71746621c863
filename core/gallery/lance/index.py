"""Galleries as LanceDB tables in the gallery bucket, searched in memory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound
from core.gallery.changes import UnknownChanges, Watch
from core.gallery.heap import keep_heap_small
from core.gallery.lance.connection import LanceConnection, renewable_connection
from core.gallery.lance.folder_store import FolderStore
from core.gallery.lance.journal import Journal, JournalStore
from core.gallery.lance.pages import IdsAhead
from core.gallery.lance.rows import known_ids, schema
from core.gallery.lance.storage import (
    gallery_uri,
    lance_errors,
    retry_on_conflict,
    storage_options,
)
from core.gallery.lance.table import LanceTable
from core.gallery.replica.cache import GalleryCache
from core.gallery.replica.replica import GalleryReplica, State
from core.ground.ids import is_gallery_id
from core.ground.storage_keys import gallery_prefix, journal_key
from core.ports import (
    Bucket,
    EnrolledFace,
    EnrolledPerson,
    FoundPeople,
    Match,
    PersonOrder,
    PersonPlace,
    UnnamedFace,
)
from core.settings import Settings


class LanceFaceIndex:
    """A `FaceIndex` without a server: one table a gallery, in a bucket or a folder.

    Any number of processes read and write the same galleries. Nothing is
    opened, and no thread started, before the first call.

    Parameters
    ----------
    uri : str
        Where the tables are: ``s3://bucket/folder``, or a folder.
    journals : JournalStore, optional
        Where the journals are: the gallery bucket. Unless given, they are in the folder.
    storage_options : mapping
        How LanceDB reaches the bucket.
    watch : Watch, optional
        How changes are announced and seen. Without one, each gallery in memory is
        compared with the bucket at every look.
    forget_files : callable
        Called with a gallery whose files were removed; leaves no version of them.
    refresh_s : float
        Seconds between two looks.
    exact_max : int
        Faces up to which a gallery is searched exactly.
    compressed : bool
        Keep larger galleries in a quarter of the memory.
    """

    def __init__(
        self,
        uri: str,
        journals: JournalStore | None = None,
        *,
        storage_options: Mapping[str, str] | None = None,
        watch: Watch | None = None,
        forget_files: Callable[[str], None] = lambda _: None,
        refresh_s: float = 1,
        exact_max: int = 100_000,
        compressed: bool = False,
    ) -> None:
        keep_heap_small()
        self._forget_files = forget_files
        self._store = journals or FolderStore(uri)
        self._journals: dict[str, Journal] = {}
        self._tables: dict[str, LanceTable] = {}
        self._ahead = IdsAhead()
        self._connection = renewable_connection(uri, storage_options or {})
        self._lock = threading.Lock()
        self._watch = watch or Watch(UnknownChanges())
        self._cache = GalleryCache(
            lambda gallery_id: GalleryReplica(
                self._new_table(gallery_id), exact_max=exact_max, compressed=compressed
            ),
            watch=self._watch,
            refresh_s=refresh_s,
        )

    @classmethod
    def from_settings(cls, settings: Settings, watch: Watch, bucket: Bucket) -> Self:
        """Return the index in the gallery bucket."""

        def forget_files(gallery_id: str) -> None:
            bucket.forget_old_below(gallery_prefix(gallery_id))
            bucket.forget_old_below(journal_key(gallery_id))

        return cls(
            gallery_uri(settings),
            bucket,
            storage_options=storage_options(settings),
            watch=watch,
            forget_files=forget_files,
            refresh_s=settings.gallery_refresh_seconds,
            exact_max=settings.gallery_exact_max,
            compressed=settings.gallery_compressed,
        )

    def create(self, gallery_id: str, *, length: int) -> None:
        def make(connection: LanceConnection) -> None:
            with lance_errors(_checked(gallery_id)):
                connection.tables.create_table(gallery_id, schema=schema(length), exist_ok=True)
            connection.files(gallery_id).keep()

        retry_on_conflict(gallery_id, lambda: self._connection.run(make))
        self._journal(gallery_id).begin()

    def upgrade(self, gallery_id: str) -> bool:
        return self._table(gallery_id).upgrade()

    def is_outdated(self, gallery_id: str) -> bool:
        return self._table(gallery_id).is_outdated()

    def drop(self, gallery_id: str) -> None:
        def remove(connection: LanceConnection) -> None:
            with lance_errors(_checked(gallery_id)):
                connection.tables.drop_table(gallery_id)

        with suppress(CollectionNotFound):
            retry_on_conflict(gallery_id, lambda: self._connection.run(remove))
        # After the table, so that nobody begins it again meanwhile.
        self._journal(gallery_id).end()
        self._watch.announce_end(gallery_id)
        self._forget_files(gallery_id)
        self._cache.discard(gallery_id)
        with self._lock:
            self._tables.pop(gallery_id, None)
            self._journals.pop(gallery_id, None)

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        self._table(gallery_id).put(faces)
        self._watch.ring()
        self._cache.follow(gallery_id)

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        return self._table(gallery_id).faces.get(known_ids(face_ids))

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        return self._table(gallery_id).faces.page(limit=limit, after=after, person=person)

    def unnamed(self, gallery_id: str) -> list[UnnamedFace]:
        return self._table(gallery_id).faces.unnamed()

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        # Others shall know before the files are rewritten, which takes a while.
        self._table(gallery_id).erase(known_ids(face_ids), on_deleted=self._watch.ring)
        self._forget_files(gallery_id)
        self._cache.follow(gallery_id)

    def count(self, gallery_id: str) -> int:
        return self._table(gallery_id).faces.count()

    def count_people(self, gallery_id: str) -> int:
        return self._table(gallery_id).faces.count_people()

    def persons(
        self,
        gallery_id: str,
        *,
        limit: int,
        order: PersonOrder = "name",
        prefix: str = "",
        after: PersonPlace | None = None,
    ) -> list[EnrolledPerson]:
        return self._table(gallery_id).faces.persons(
            limit=limit, order=order, prefix=prefix, after=after
        )

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        """Search in memory; only the first search of a gallery waits for the bucket."""
        return self._cache.search(_checked(gallery_id), probes, limit=limit)

    def search_people(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[FoundPeople]:
        """Search in memory, as `search` does."""
        return self._cache.search_people(_checked(gallery_id), probes, limit=limit)

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        self._cache.refresh(_checked(gallery_id), max_age_s=max_age_s)

    def warm(self, gallery_ids: Sequence[str]) -> None:
        """Load galleries in the background, the first ones first, before anyone searches them."""
        self._cache.warm([_checked(gallery_id) for gallery_id in gallery_ids])

    def states(self) -> dict[str, State]:
        """Return how far each gallery in memory is."""
        return self._cache.states()

    def close(self) -> None:
        self._cache.close()
        with self._lock:
            tables = list(self._tables.values())
        for table in tables:
            table.close()

    def _table(self, gallery_id: str) -> LanceTable:
        with self._lock:
            table = self._tables.get(gallery_id)
            if table is None:
                table = self._tables[gallery_id] = self._new_table(gallery_id)
            return table

    def _new_table(self, gallery_id: str) -> LanceTable:
        journal = self._journal(_checked(gallery_id))
        return LanceTable(self._connection, journal, gallery_id, ahead=self._ahead)

    def _journal(self, gallery_id: str) -> Journal:
        return self._journals.setdefault(gallery_id, Journal(self._store, gallery_id))


def _checked(gallery_id: str) -> str:
    if not is_gallery_id(gallery_id):
        raise ValueError(f"a gallery id is 32 hexadecimal digits, not {gallery_id!r}")
    return gallery_id
