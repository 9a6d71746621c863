"""One version of a gallery, as a replica reads it: its table, and its journal over it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.gallery.lance.journal import REPLACES, Entries
from core.gallery.lance.newest_table import as_numpy, row_addresses, select
from core.gallery.lance.rows import any_of
from core.gallery.lance.storage import lance_errors
from core.gallery.replica.rows import Addresses, Difference, ReplicaRows

if TYPE_CHECKING:
    from lancedb.table import Table

_ALL: Final = 10**9
_TAKEN_SINGLY: Final = 5_000
"""Rows up to which they are fetched by address; more are found by reading all."""
_BATCH: Final = 10_000
_COLUMNS: Final = ["face_id", "person", "rejected", "written", "embedding"]
_IN_JOURNAL: Final = np.uint64(1 << 63)
"""Set in the address of a row of the journal; the rest is what ``written`` says."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a replica has taken over.

    ``epoch`` is the journal's, ``seen`` the version of the table that was read. ``arrived`` are
    the addresses of the journal's rows.
    """

    epoch: int
    seen: int
    journal: str | None
    arrived: Addresses = field(repr=False, compare=False)


class Snapshot:
    """A version of the table under a version of the journal."""

    def __init__(self, table: "Table", entries: Entries, gallery_id: str) -> None:
        self._table = table
        self._entries = entries
        self._gallery_id = gallery_id
        with lance_errors(gallery_id):
            self.version = Version(
                epoch=entries.epoch,
                seen=table.version,
                journal=entries.version,
                arrived=journal_addresses(entries),
            )

    @property
    def change(self) -> Self:
        """All rows: what changed is seen only by a look at all addresses."""
        return self

    @property
    def length(self) -> int:
        return int(self._table.schema.field("embedding").type.list_size)

    def addresses(self) -> Addresses:
        addresses = row_addresses(self._table)
        if not len(self._entries):
            return addresses
        hidden = hidden_rows(self._table, self._entries, ["_rowid"])["_rowid"].to_numpy()
        shown = addresses[~np.isin(addresses, hidden)] if len(hidden) else addresses
        return np.append(shown, self.version.arrived)

    def written(self, addresses: Addresses) -> NDArray[np.int64]:
        result = (addresses & ~_IN_JOURNAL).astype(np.int64)
        in_table = np.flatnonzero(addresses < _IN_JOURNAL)
        if len(in_table):
            result[in_table] = self._written(addresses[in_table])
        return result

    def rows(self, addresses: Addresses) -> Iterator[ReplicaRows]:
        in_table = addresses[addresses < _IN_JOURNAL]
        if len(in_table):
            for batch in self._fetch(in_table, _COLUMNS):
                yield ReplicaRows.from_batch(batch)
        yield from journal_rows(self._entries, addresses[addresses >= _IN_JOURNAL])

    def _written(self, addresses: Addresses) -> NDArray[np.int64]:
        rows = pa.Table.from_batches(self._fetch(addresses, ["written"]))
        found = as_numpy(rows["_rowid"])
        order = np.argsort(found)
        written: NDArray[np.int64] = as_numpy(rows["written"])
        return written[order[np.searchsorted(found[order], addresses)]]

    def _fetch(self, addresses: Addresses, columns: list[str]) -> Iterator[pa.RecordBatch]:
        with lance_errors(self._gallery_id):
            if len(addresses) <= _TAKEN_SINGLY:
                taken = self._table.take_row_ids(addresses.tolist())
                yield from taken.select(columns).with_row_id().to_arrow().to_batches()
                return
            everything = self._table.search().select(columns).with_row_id(True).limit(_ALL)
            ordered = np.sort(addresses)
            for batch in everything.to_batches(_BATCH):
                found = as_numpy(batch["_rowid"])
                places = np.searchsorted(ordered, found)
                wanted = ordered[np.minimum(places, len(ordered) - 1)] == found
                yield batch if wanted.all() else batch.filter(pa.array(wanted))


class JournalSnapshot:
    """A version of the journal over a table that a replica knows already."""

    def __init__(self, entries: Entries, since: Version) -> None:
        self._entries = entries
        self.version = Version(
            epoch=since.epoch,
            seen=since.seen,
            journal=entries.version,
            arrived=journal_addresses(entries),
        )
        self.change = Difference(
            fresh=np.setdiff1d(self.version.arrived, since.arrived),
            gone=np.setdiff1d(since.arrived, self.version.arrived),
        )

    @property
    def is_whole(self) -> bool:
        """Whether none of the new faces is one that the table has, too."""
        rows = journal_part(self._entries, self.change.fresh)
        return not len(rows) or not pc.any(rows[REPLACES]).as_py()

    def rows(self, addresses: Addresses) -> Iterator[ReplicaRows]:
        return journal_rows(self._entries, addresses)


def is_table_known(entries: Entries, since: Version) -> bool:
    """Tell whether nothing but the journal has changed since a version."""
    if entries.version == since.journal or entries.epoch != since.epoch:
        return False
    return entries.claim is None or since.seen <= entries.claim.table_version


def hidden_rows(table: "Table", entries: Entries, columns: list[str]) -> pa.Table:
    """Return those rows of the table in whose place the journal has others."""
    being_folded = f"_rowid >= {(entries.fragments + 1) << 32} AND {any_of(entries.face_ids)}"
    condition = f"({being_folded}) OR {any_of(entries.replacing)}"
    return select(table, condition, columns, with_row_id=True)


def journal_addresses(entries: Entries) -> Addresses:
    if not len(entries):
        return np.empty(0, dtype=np.uint64)
    written: NDArray[np.int64] = as_numpy(entries.rows["written"])
    return written.astype(np.uint64) | _IN_JOURNAL


def journal_part(entries: Entries, addresses: Addresses) -> pa.Table:
    """Return the journal's rows at these addresses."""
    return entries.rows.filter(pa.array(np.isin(journal_addresses(entries), addresses)))


def journal_rows(entries: Entries, addresses: Addresses) -> Iterator[ReplicaRows]:
    if len(addresses):
        rows = journal_part(entries, addresses)
        with_addresses = rows.append_column(
            "_rowid",
            pa.array(journal_addresses(entries)[np.isin(journal_addresses(entries), addresses)]),
        )
        for batch in with_addresses.combine_chunks().to_batches():
            yield ReplicaRows.from_batch(batch)
