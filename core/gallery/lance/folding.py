"""Moving faces from a gallery's journal into its table.

Rows are appended, because a search for rows to be replaced reads the id of every face. Two
appends of the same rows would leave them twice, and a late one would bring erased faces back.
So whoever folds a journal first puts a claim on it, which one process has at a time, and takes
the rows out and the claim off at the end.

A claim that stays belongs to a process that died or stands still. Another one takes it away, and
rids the journal of those rows that the table has. Should the former owner wake up and only then
commit its rows, it learns at the end that the claim was taken away, and deletes them again.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from core.gallery.lance.journal import Claim, Entries, Journal, joined
from core.gallery.lance.known_ids import KnownIds
from core.gallery.lance.newest_table import NewestTable, select
from core.gallery.lance.rows import any_of
from core.gallery.lance.storage import WriteConflict, lance_errors, retry_on_conflict
from core.gallery.lance.tidying import Tidying

if TYPE_CHECKING:
    from lancedb.table import Table

_log = logging.getLogger(__name__)

_WRITE_TIMEOUT: Final = timedelta(seconds=60)
_ABANDONED_AFTER_S: Final = 20.0
"""Far longer than a fold takes. Who folds for longer does nothing worse than to begin again."""


@dataclass(frozen=True, kw_only=True)
class Folded:
    """The versions of the table after this fold and after the one before."""

    former_version: int
    version: int


class _ClaimLost(Exception):
    """Raised when another process took a claim away, because it was held for too long."""


class Folder:
    """Folds the journal of one gallery, one thread at a time.

    Parameters
    ----------
    table : NewestTable
        Of this folder alone.
    known : KnownIds
        What is known of the table's faces.
    """

    def __init__(
        self,
        table: NewestTable,
        journal: Journal,
        known: KnownIds,
        tidying: Tidying,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._journal = journal
        self._known = known
        self._tidying = tidying
        self._clock = clock
        self._folding = threading.Lock()
        self._tokens: set[str] = set()
        self._waiting_for = ("", 0.0)

    def fold(self, more: pa.Table | None = None, *, waits: bool = True) -> Folded | None:
        """Move all faces of the journal into the table, and more if there are.

        Returns
        -------
        Folded, optional
            None if there is nothing to do, or another process does it and is not waited for.

        Raises
        ------
        JournalMissing
            If there is no journal.
        """

        def attempt(table: "Table") -> Folded | None:
            entries = self._journal.read()
            if entries.table_version > table.version:
                raise WriteConflict("the version of the table is out of date")
            if entries.claim is not None:
                if not waits and not self._is_abandoned(entries.claim):
                    return None
                self._settle_or_wait(entries)
                raise WriteConflict("the journal was being folded")
            if not len(entries) and more is None:
                return None
            return self._fold(table, entries, more)

        with self._folding:
            return self._table.run(attempt)

    def settled(self, change: Callable[[Entries], Entries]) -> Entries:
        """Change the journal while nobody folds it."""
        with self._folding:
            return self._settled(change)

    def _settled(self, change: Callable[[Entries], Entries]) -> Entries:
        def attempt() -> Entries:
            entries = self._journal.read()
            if entries.claim is not None:
                self._settle_or_wait(entries)
                raise WriteConflict("the journal was being folded")
            changed = change(entries)
            return entries if changed is entries else self._journal.write(changed, over=entries)

        return retry_on_conflict(self._table.gallery_id, attempt)

    def is_free(self, entries: Entries) -> bool:
        """Tell whether nobody is at work on a fold."""
        if entries.claim is None:
            return True
        return not self._folding.locked() and self._is_abandoned(entries.claim)

    def _fold(self, table: "Table", entries: Entries, more: pa.Table | None) -> Folded:
        self._known.follow(table)
        claim = Claim(
            token=uuid.uuid4().hex, table_version=table.version, brings_more=more is not None
        )
        self._tokens.add(claim.token)
        fragments = self._known.fragments
        claimed = self._journal.write(
            replace(entries, claim=claim, fragments=fragments), over=entries
        )
        rows = claimed.rows
        if more is not None:
            rows = joined(claimed.without(more["face_id"].to_pylist()).rows, more)
        version = self._store(table, rows)
        try:
            self._release(claim, rows, version)
        except _ClaimLost as error:
            self._take_back(rows, version)
            raise WriteConflict("another process has taken the claim away") from error
        return Folded(former_version=entries.table_version, version=version)

    def _store(self, table: "Table", rows: pa.Table) -> int:
        """Append the rows of new faces, and replace those of others."""
        rows = _as_stored(rows, table.schema)
        ids = np.array(rows["face_id"].to_pylist())
        known = ids[self._known.may_have(ids.tolist())].tolist()
        found = select(table, any_of(known), ["face_id"])["face_id"].to_pylist() if known else []
        there = np.isin(ids, found) if found else np.zeros(len(ids), dtype=np.bool_)
        with lance_errors(table.name):
            if not there.all():
                table.add(rows.filter(pa.array(~there)))
            if there.any():
                # Without an insertion, or it could bring back what is erased meanwhile.
                table.merge_insert("face_id").when_matched_update_all().execute(
                    rows.filter(pa.array(there)), timeout=_WRITE_TIMEOUT
                )
        self._known.follow(table)
        return int(table.version)

    def _take_back(self, rows: pa.Table, version: int) -> None:
        """Delete rows that were committed after another process had looked for them."""
        entries = self._settled(lambda entries: entries)
        if version > entries.settled:
            written = ", ".join(map(str, rows["written"].to_pylist()))
            fragment, _ = self._tidying.delete(f"written IN ({written})")
            self._tidying.free_of_deleted(fragment)
            self._settled(lambda entries: entries.after(entries.table_version))

    def _is_abandoned(self, claim: Claim) -> bool:
        """Tell whether a claim belongs to nobody who is at work, not even to this thread."""
        if claim.token in self._tokens:  # of a fold of this process, which broke off
            return True
        if self._waiting_for[0] != claim.token:
            self._waiting_for = (claim.token, self._clock())
        return self._clock() - self._waiting_for[1] >= _ABANDONED_AFTER_S

    def _settle_or_wait(self, entries: Entries) -> None:
        """Rid a journal of an abandoned claim, and of the rows that the table has."""
        assert entries.claim is not None  # noqa: S101 - callers have looked
        if not self._is_abandoned(entries.claim):
            return
        claim = replace(entries.claim, token=uuid.uuid4().hex)
        self._tokens.add(claim.token)
        claimed = self._journal.write(replace(entries, claim=claim), over=entries)

        def stored(table: "Table") -> tuple[pa.Table, int]:
            rows = select(table, any_of(claimed.face_ids), ["written"])
            return rows, table.version

        rows, version = self._table.once(stored)

        try:
            self._release(claim, rows, version, settled=version)
        except _ClaimLost as error:
            raise WriteConflict("another process has taken the claim away") from error
        _log.warning(
            "abandoned fold was settled",
            extra={"gallery_id": self._table.gallery_id, "faces": len(rows)},
        )

    def _release(
        self, claim: Claim, stored: pa.Table, table_version: int, *, settled: int = 0
    ) -> None:
        """Take the claim off, with the rows that the table has now."""

        def release(now: Entries) -> Entries:
            if now.claim != claim:
                raise _ClaimLost
            freed = replace(now.after(table_version), claim=None)
            if len(stored):
                freed = freed.without_written(stored["written"])
            if settled:
                # Other numbers, by which the rows differ from those that may yet be committed.
                freed = replace(freed.written_anew(), settled=max(settled, now.settled))
            return freed

        try:
            self._journal.change(release)
        except _ClaimLost:
            self._tokens.discard(claim.token)
            raise
        self._tokens.discard(claim.token)


def _as_stored(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """Return rows with exactly the columns of a table."""
    return pa.table(
        {
            name: rows[name] if name in rows.column_names else pa.nulls(len(rows), kind)
            for name, kind in zip(columns.names, columns.types, strict=True)
        },
        schema=columns,
    )
