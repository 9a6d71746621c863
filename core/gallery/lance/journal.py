"""Faces that are stored, but not yet in their gallery's table.

A commit to a table takes many requests, and commits follow one another. So a writer adds its
faces to the gallery's *journal*: one object, which it writes only over the version that it has
read. If someone else was faster, it adds its faces to what that one wrote. Now and then someone
*folds* the journal: moves its faces into the table with one commit
(`core.gallery.lance.folding`). Who reads a gallery reads its journal first and then its table;
of a face that is in both, the journal's row counts.
"""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import ObjectMissing
from core.gallery.lance.rows import new_writes
from core.gallery.lance.storage import WriteConflict, retry_on_conflict
from core.ground.storage_keys import journal_key
from core.ports import StoredObject

REPLACES: Final = "replaces"
"""Column of the rows whose faces may be in the table, too."""
_CONTENT_TYPE: Final = "application/vnd.apache.arrow.stream"
_NOTES: Final = b"journal"
_FOLDS_KEPT: Final = 4
"""So many that a writer which takes turns with others misses none."""
_MOST_HASH_BYTES: Final = 16_000
_NO_ROWS: Final = pa.table({"face_id": pa.array([], pa.string())})


class JournalStore(Protocol):
    """Where journals lie; the methods are those of `ObjectStore`."""

    def get_if_changed(self, key: str, version: str) -> StoredObject | None: ...

    def swap(
        self, key: str, body: bytes, *, content_type: str, version: str | None
    ) -> str | None: ...

    def delete(self, key: str) -> None: ...


class JournalMissing(Exception):
    """Raised when a gallery has no journal: it is gone, or nobody wrote to it for long."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is being folded, and by whom.

    ``table_version`` is what the table was before; ``brings_more`` tells that faces are moved
    into the table that the journal doesn't have.
    """

    token: str
    table_version: int
    brings_more: bool


@dataclass(frozen=True, kw_only=True)
class Fold:
    """The journal's epoch after a fold or an erasure, and hashes of the faces that were moved."""

    epoch: int
    hashes: bytes


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What a journal says.

    Parameters
    ----------
    rows : pyarrow.Table
        The columns of the gallery's table, and `REPLACES`; one row a face.
    epoch : int
        Grows with each fold and erasure.
    table_version : int
        A version of the table that has what was folded and erased.
    settled : int
        The version of the table in which rows of the last abandoned fold were looked for.
    fragments : int
        Fragments up to this one of the table hold no row of the journal that is not marked so.
    folds : tuple of Fold
        The last ones, in their order.
    claim : Claim, optional
        Set while the journal is folded: the table may have some of the rows then.
    version : str, optional
        Of the object; None if there is none.
    """

    rows: pa.Table = field(default_factory=lambda: _NO_ROWS, repr=False, compare=False)
    epoch: int = 0
    table_version: int = 0
    settled: int = 0
    fragments: int = -1
    folds: tuple[Fold, ...] = ()
    claim: Claim | None = None
    version: str | None = None

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @property
    def face_ids(self) -> list[str]:
        ids: list[str] = self.rows["face_id"].to_pylist()
        return ids

    @property
    def replacing(self) -> list[str]:
        """Faces that the table may have, too, apart from those that are being folded."""
        if not len(self):
            return []
        marks = self.rows[REPLACES].to_pylist()
        return [each for each, is_marked in zip(self.face_ids, marks, strict=True) if is_marked]

    def of(self, face_ids: Sequence[str]) -> pa.Table:
        """Return the rows of these faces."""
        wanted = set(face_ids)
        return self._where([each in wanted for each in self.face_ids])

    def after(self, table_version: int, hashes: bytes | None = b"") -> Self:
        """Return these entries after a fold or an erasure.

        ``hashes`` are those of the faces that the table has got, None if these are not known.
        """
        epoch, newest = self.epoch + 1, max(table_version, self.table_version)
        folds: tuple[Fold, ...] = ()
        if hashes is not None and len(hashes) <= _MOST_HASH_BYTES:
            folds = (*self.folds, Fold(epoch=epoch, hashes=hashes))[-_FOLDS_KEPT:]
        return replace(self, epoch=epoch, table_version=newest, folds=folds)

    def without(self, face_ids: Sequence[str]) -> Self:
        """Return these entries without some faces."""
        gone = set(face_ids)
        return replace(self, rows=self._where([each not in gone for each in self.face_ids]))

    def without_written(self, written: pa.ChunkedArray) -> Self:
        """Return these entries without the rows of some writes."""
        if not len(self):
            return self
        gone = np.isin(self.rows["written"].to_numpy(), written.to_numpy())
        return replace(self, rows=self._where(~gone))

    def written_anew(self) -> Self:
        """Return these entries as if every row were of another write."""
        if not len(self):
            return self
        place = self.rows.column_names.index("written")
        written = pa.array(new_writes(len(self)))
        return replace(self, rows=self.rows.set_column(place, "written", written))

    def with_rows(self, rows: pa.Table, replacing: NDArray[np.bool_]) -> Self:
        """Return these entries with further rows, in place of those of the same faces."""
        marked = rows.append_column(REPLACES, pa.array(replacing))
        return replace(self, rows=joined(self.without(rows["face_id"].to_pylist()).rows, marked))

    def _where(self, wanted: Sequence[bool] | NDArray[np.bool_]) -> pa.Table:
        return self.rows if all(wanted) else self.rows.filter(pa.array(wanted, pa.bool_()))

    def encoded(self) -> bytes:
        notes = {
            "epoch": self.epoch,
            "table_version": self.table_version,
            "settled": self.settled,
            "fragments": self.fragments,
            "claim": None if self.claim is None else vars(self.claim),
            "folds": [
                vars(fold) | {"hashes": b64encode(fold.hashes).decode()} for fold in self.folds
            ],
        }
        sink = pa.BufferOutputStream()
        rows = self.rows.combine_chunks().replace_schema_metadata({_NOTES: json.dumps(notes)})
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        return bytes(sink.getvalue())

    @classmethod
    def decoded(cls, body: bytes, version: str) -> Self:
        rows = pa.ipc.open_stream(body).read_all()
        notes = json.loads(rows.schema.metadata[_NOTES])
        folds = [
            Fold(**fold | {"hashes": b64decode(fold["hashes"])}) for fold in notes.pop("folds")
        ]
        claim = notes.pop("claim")
        return cls(
            rows=rows.replace_schema_metadata(None),
            folds=tuple(folds),
            claim=None if claim is None else Claim(**claim),
            version=version,
            **notes,
        )


def joined(rows: pa.Table, more: pa.Table) -> pa.Table:
    """Return the rows of both; what either has no column for is null."""
    return pa.concat_tables([rows, more], promote_options="default") if len(rows) else more


class Journal:
    """The journal of one gallery; safe to use from several threads."""

    def __init__(self, store: JournalStore, gallery_id: str) -> None:
        self._store = store
        self._gallery_id = gallery_id
        self._key = journal_key(gallery_id)
        self._latest = Entries()
        self._has_company = False
        self._lock = threading.Lock()

    @property
    def latest(self) -> Entries:
        """What was read or written last; asks nobody."""
        return self._latest

    def read(self) -> Entries:
        """Return what is there now; nothing if there is no journal."""
        known = self._latest
        try:
            stored = self._store.get_if_changed(self._key, known.version or "")
        except ObjectMissing:
            return self._keep(Entries(), instead_of=known)
        if stored is None:
            return known
        return self._keep(Entries.decoded(stored.body, stored.version), instead_of=known)

    def begin(self) -> None:
        """Make an empty journal, unless there is one."""
        self._store.swap(self._key, Entries().encoded(), content_type=_CONTENT_TYPE, version=None)
        self.read()

    def end(self) -> None:
        """Remove the journal with the faces in it; no error if there is none."""
        self._store.delete(self._key)
        self._latest = Entries()

    def write(self, entries: Entries, *, over: Entries) -> Entries:
        """Write over what was read.

        Raises
        ------
        WriteConflict
            If it was changed since; then what is there now is read.
        JournalMissing
            If there is none.
        """
        if over.version is None:
            raise JournalMissing
        version = self._store.swap(
            self._key, entries.encoded(), content_type=_CONTENT_TYPE, version=over.version
        )
        if version is None:
            self.read()
            raise WriteConflict("another writer was faster")
        return self._keep(replace(entries, version=version), instead_of=over)

    def change(self, change: Callable[[Entries], Entries]) -> Entries:
        """Change what is there, again if others do so at the same time; return what is there then.

        Raises
        ------
        JournalMissing
            If there is no journal.
        """

        def attempt() -> Entries:
            known = self._latest
            if self._has_company or known.version is None:
                newest = self.read()
                self._has_company = newest.version != known.version
                known = newest
            changed = change(known)
            if changed is known:
                return known
            try:
                return self.write(changed, over=known)
            except WriteConflict:
                self._has_company = True
                known = self._latest
                return self.write(change(known), over=known)

        return retry_on_conflict(self._gallery_id, attempt)

    def _keep(self, entries: Entries, *, instead_of: Entries) -> Entries:
        """Remember what was read or written, unless another thread has done so meanwhile."""
        with self._lock:
            if self._latest.version == instead_of.version:
                self._latest = entries
        return entries
