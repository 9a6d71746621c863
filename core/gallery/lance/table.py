"""One gallery as a journal over a LanceDB table; many processes read and write it at once."""

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import CollectionNotFound, ServiceUnavailable
from core.gallery.lance.connection import LanceConnection
from core.gallery.lance.folding import Folded, Folder
from core.gallery.lance.journal import Entries, Journal, JournalMissing
from core.gallery.lance.known_ids import KnownIds
from core.gallery.lance.newest_table import NewestTable
from core.gallery.lance.pages import IdsAhead
from core.gallery.lance.rows import any_of, lacking, to_table
from core.gallery.lance.snapshot import JournalSnapshot, Snapshot, Version, is_table_known
from core.gallery.lance.storage import lance_errors
from core.gallery.lance.stored_faces import StoredFaces
from core.gallery.lance.tidying import Tidying
from core.gallery.lance.write_lock import write_lock
from core.ground.aws_keys import Renewable
from core.ports import EnrolledFace

if TYPE_CHECKING:
    from lancedb.table import Table

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_FULL: Final = 128
"""Faces from which on a journal is folded, beside further writes."""
_OVERFULL: Final = 2_000
"""Faces from which on a writer waits for the fold, so that no write to the journal is large."""


class LanceTable:
    """Writes the faces of one gallery; ``faces`` reads them. Methods raise as `FaceIndex` says."""

    def __init__(
        self,
        connection: Renewable[LanceConnection],
        journal: Journal,
        gallery_id: str,
        *,
        ahead: IdsAhead | None = None,
    ) -> None:
        self._gallery_id = gallery_id
        self._journal = journal
        self._table = NewestTable(connection, gallery_id)
        known = KnownIds(gallery_id)
        self.faces = StoredFaces(self._table, journal, known, ahead=ahead or IdsAhead())
        self._tidying = Tidying(self._table)
        own = NewestTable(connection, gallery_id)
        self._folder = Folder(
            own,
            journal,
            known,
            self._tidying,
            lock=functools.partial(write_lock, gallery_id),
        )
        self._columns: pa.Schema | None = None
        self._folding: threading.Thread | None = None
        self._lock = threading.Lock()

    def put(self, faces: Sequence[EnrolledFace]) -> None:
        rows = to_table(faces, self._schema())
        if not len(rows):
            self._table.run(lambda _: None)
        elif len(rows) > _OVERFULL:
            self._with_journal(lambda: self._fold(rows))
        else:
            with write_lock(self._gallery_id):
                entries = self._with_journal(lambda: self._note(rows))
            if self._folder.has_claimed(entries):
                self._beside(lambda: self._folder.finish(entries))
            elif self._folder.is_abandoned(entries):
                self._beside(self._folder.fold)
            if len(entries) > _OVERFULL:
                self._fold()

    def upgrade(self) -> bool:
        with write_lock(self._gallery_id):
            return self._table.run(self._complete)

    def is_outdated(self) -> bool:
        return self._table.run(lambda table: bool(lacking(table.schema)))

    def erase(self, face_ids: Sequence[str], *, on_deleted: Callable[[], None]) -> None:
        """Take the faces out of the journal, delete their rows, and rewrite files that hold them.

        Whoever folds the journal later does not have them, so that they can't come back.
        ``on_deleted`` runs once no search finds the faces any more.
        """
        with write_lock(self._gallery_id, "files"):
            self._table.run(lambda _: None)  # unless the gallery is gone

            def forget(entries: Entries) -> Entries:
                return entries.without(face_ids) if len(entries) else entries

            self._with_journal(lambda: self._folder.settled(forget))
            fragment, version = self._tidying.delete(any_of(face_ids))
            self._with_journal(
                lambda: self._journal.change(lambda entries: entries.after(version, None))
            )
            on_deleted()
            self._tidying.free_of_deleted(fragment)

    def read(
        self, action: "Callable[[Snapshot | JournalSnapshot], _T]", since: Version | None = None
    ) -> _T:
        """Run an action on what is there now; again if its files vanish meanwhile."""
        entries = self._journal.read()
        if since is not None and is_table_known(entries, since):
            snapshot = JournalSnapshot(entries, since)
            if snapshot.is_whole:
                return action(snapshot)
        return self._table.run(lambda table: action(Snapshot(table, entries, self._gallery_id)))

    def end(self) -> None:
        """Remove what is in no file of the table."""
        self._journal.end()

    def close(self) -> None:
        """Wait until nothing is folded any more."""
        with self._lock:
            folding = self._folding
        if folding is not None:
            folding.join()

    def _schema(self) -> pa.Schema:
        """Return the columns of the table, which gets those that it lacks."""
        if self._columns is None:
            self._table.run(self._complete)
            self._columns = self._table.run(lambda table: table.schema)
        return self._columns

    def _complete(self, table: "Table") -> bool:
        """Give a table of an older version the columns that it lacks; tell whether it did."""
        missing = lacking(table.schema)
        if missing:
            with lance_errors(self._gallery_id):
                table.add_columns(missing)
        return bool(missing)

    def _note(self, rows: pa.Table) -> Entries:
        """Add rows to the journal, marked if their faces may be in the table, too."""

        def add(entries: Entries) -> Entries:
            noted = entries.with_rows(rows, self._replacing(entries, rows))
            return self._folder.claim(noted) if len(noted) >= _FULL else noted

        return self._journal.change(add)

    def _replacing(self, entries: Entries, rows: pa.Table) -> NDArray[np.bool_]:
        known = self.faces.known_at(entries).may_have(rows["face_id"])
        if entries.claim is not None and entries.claim.brings_more:
            return np.ones(len(rows), dtype=np.bool_)
        if not len(entries):
            return known
        # Those that are being folded will be in the table before long.
        marked = entries.face_ids if entries.claim is not None else entries.replacing
        return known | np.isin(np.array(rows["face_id"].to_pylist()), marked)

    def _with_journal(self, action: Callable[[], _T]) -> _T:
        """Run an action; if the gallery has no journal, make one before."""
        while True:
            try:
                return action()
            except JournalMissing:
                self._table.run(lambda _: None)
                self._journal.begin()
                try:
                    self._table.run(lambda _: None)
                except Exception:
                    self._journal.end()  # of a gallery that was dropped meanwhile
                    raise

    def _fold(self, more: pa.Table | None = None) -> None:
        self._tidy(self._folder.fold(more))

    def _tidy(self, folded: Folded | None) -> None:
        if folded is not None:
            with write_lock(self._gallery_id, "files"):
                self._tidying.after(folded.former_version, folded.version)

    def _beside(self, fold: Callable[[], Folded | None]) -> None:
        """Fold in a thread of its own."""

        def run() -> None:
            try:
                self._tidy(fold())
            except CollectionNotFound:
                return  # the gallery was dropped meanwhile
            except (ServiceUnavailable, JournalMissing) as error:
                # The faces stay where they are, until a later fold.
                _log.warning(
                    "journal not folded",
                    extra={"gallery_id": self._gallery_id, "error": str(error)},
                )

        with self._lock:
            self._folding = threading.Thread(target=run, name="gallery-fold")
            self._folding.start()
