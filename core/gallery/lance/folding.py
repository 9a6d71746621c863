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
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from core.errors import StorageUnavailable
from core.gallery.lance.claims import Claims, with_claim
from core.gallery.lance.journal import Entries, Journal, joined
from core.gallery.lance.known_ids import KnownIds, hashed
from core.gallery.lance.newest_table import NewestTable, last_fragment, select
from core.gallery.lance.rows import any_of
from core.gallery.lance.storage import WriteConflict, lance_errors
from core.gallery.lance.tidying import Tidying

if TYPE_CHECKING:
    from lancedb.table import Table

_log = logging.getLogger(__name__)

_WRITE_TIMEOUT: Final = timedelta(seconds=60)
_ATTEMPTS: Final = 5
_KEEP_TRYING_S: Final = 60.0
_PAUSE_S: Final = 0.03


@dataclass(frozen=True, kw_only=True)
class Folded:
    """The versions of the table after this fold and after the one before."""

    former_version: int
    version: int


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Rows that the table has in a version, and its last fragment that has any of them."""

    rows: pa.Table
    version: int
    fragments: int


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
    lock : callable
        Returns what keeps this machine's other writers from the journal.
    """

    def __init__(
        self,
        table: NewestTable,
        journal: Journal,
        known: KnownIds,
        tidying: Tidying,
        *,
        lock: Callable[[], AbstractContextManager[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._journal = journal
        self._known = known
        self._tidying = tidying
        self._lock = lock
        self._clock = clock
        self._folding = threading.Lock()
        self._claims = Claims(clock)

    def claim(self, entries: Entries) -> Entries:
        """Return entries with a claim, if nobody has one; `finish` must follow their writing.

        While a fold of this process is at work, no further one is begun.
        """
        if entries.claim is not None or self._folding.locked():
            return entries
        claimed = with_claim(entries, brings_more=False)
        assert claimed.claim is not None  # noqa: S101 - just now
        self._claims.begin(claimed.claim)
        return claimed

    def has_claimed(self, entries: Entries) -> bool:
        """Tell whether entries have a claim of this folder that nobody has begun to finish."""
        return entries.claim is not None and self._claims.is_begun(entries.claim)

    def is_abandoned(self, entries: Entries) -> bool:
        """Tell whether a claim belongs to nobody who is at work, as far as is known."""
        return entries.claim is not None and self._claims.is_abandoned(entries.claim)

    def finish(self, claimed: Entries) -> Folded | None:
        """Move the faces of a journal that this folder has claimed into the table."""
        with self._folding:
            if not self.has_claimed(claimed):  # another thread has done so
                return None
            try:
                return self._move(claimed, None)
            except WriteConflict:
                return self._fold(None)

    def fold(self, more: pa.Table | None = None) -> Folded | None:
        """Move all faces of the journal into the table, and more if there are.

        Returns
        -------
        Folded, optional
            None if there is nothing to do.

        Raises
        ------
        JournalMissing
            If there is no journal.
        """
        with self._folding:
            return self._fold(more)

    def settled(self, change: Callable[[Entries], Entries]) -> Entries:
        """Change the journal while nobody folds it."""
        with self._folding:
            return self._settled(change)

    def _fold(self, more: pa.Table | None) -> Folded | None:
        def claim(entries: Entries) -> Entries:
            if more is None and not len(entries):
                return entries
            return with_claim(entries, brings_more=more is not None)

        for _ in range(_ATTEMPTS):
            claimed = self._settled(claim)
            if claimed.claim is None:
                return None
            with suppress(WriteConflict):
                return self._move(claimed, more)
        raise StorageUnavailable(
            f"gallery {self._table.gallery_id}: its table is changed by others"
        )

    def _settled(self, change: Callable[[Entries], Entries]) -> Entries:
        give_up_s = self._clock() + _KEEP_TRYING_S
        while True:
            # Without the lock first: whoever takes the claim off needs it.
            entries = self._journal.read()
            if entries.claim is None:
                with self._lock(), suppress(WriteConflict):
                    entries = self._journal.read()
                    if entries.claim is None:
                        changed = change(entries)
                        if changed is entries:
                            return entries
                        return self._journal.write(changed, over=entries)
            if self.has_claimed(entries):  # its thread waits for this one
                with suppress(WriteConflict):
                    self._move(entries, None)
            elif self.is_abandoned(entries):
                with suppress(WriteConflict):
                    self._settle(entries)
            elif self._clock() > give_up_s:
                raise StorageUnavailable(
                    f"gallery {self._table.gallery_id}: its fold takes too long"
                )
            else:
                time.sleep(_PAUSE_S)

    def _move(self, claimed: Entries, more: pa.Table | None) -> Folded:
        """Store the faces of claimed entries, and more, and take the claim off."""
        assert claimed.claim is not None  # noqa: S101 - they are claimed
        self._claims.take_up(claimed.claim)
        try:
            return self._moved(claimed, more)
        except BaseException:
            self._claims.break_off(claimed.claim)
            raise

    def _moved(self, claimed: Entries, more: pa.Table | None) -> Folded:
        rows = claimed.rows
        if more is not None:
            rows = joined(claimed.without(more["face_id"].to_pylist()).rows, more)

        def store(table: "Table") -> Stored:
            if claimed.table_version > table.version:
                raise WriteConflict("the version of the table is out of date")
            if not self._known.learn(claimed):
                self._known.follow(table, claimed)
            version = self._store(table, rows)
            fragments = last_fragment(table, behind=claimed.fragments)
            return Stored(rows=rows, version=version, fragments=fragments)

        stored = self._table.once(store)
        self._table.files.keep()
        try:
            self._release(claimed, stored)
        except _ClaimLost as error:
            self._take_back(rows, stored.version)
            raise WriteConflict("another process has taken the claim away") from error
        return Folded(former_version=claimed.table_version, version=stored.version)

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
        return int(table.version)

    def _take_back(self, rows: pa.Table, version: int) -> None:
        """Delete rows that were committed after another process had looked for them."""
        entries = self._settled(lambda entries: entries)
        if version > entries.settled:
            written = ", ".join(map(str, rows["written"].to_pylist()))
            fragment, _ = self._tidying.delete(f"written IN ({written})")
            self._tidying.free_of_deleted(fragment)
            self._settled(lambda entries: entries.after(entries.table_version))

    def _settle(self, entries: Entries) -> None:
        """Rid a journal of an abandoned claim, and of the rows that the table has."""
        claimed = self._journal.write(
            with_claim(replace(entries, claim=None), brings_more=True), over=entries
        )

        def look(table: "Table") -> Stored:
            rows = select(table, any_of(claimed.face_ids), ["face_id", "written"])
            return Stored(rows=rows, version=table.version, fragments=claimed.fragments)

        assert claimed.claim is not None  # noqa: S101 - just now
        self._claims.break_off(claimed.claim)  # if this breaks off, it is done again at once
        stored = self._table.once(look)
        self._table.files.keep()
        with suppress(_ClaimLost):
            self._release(claimed, stored, settles=True)
            _log.warning(
                "abandoned fold was settled",
                extra={"gallery_id": self._table.gallery_id, "faces": len(stored.rows)},
            )

    def _release(self, claimed: Entries, stored: Stored, *, settles: bool = False) -> None:
        """Take a claim off, with the rows that the table has now."""
        assert claimed.claim is not None  # noqa: S101 - it was claimed

        def release(now: Entries) -> Entries:
            if now.claim != claimed.claim:
                raise _ClaimLost
            # What a settled fold has brought into the table besides is not known.
            hashes = None if settles else hashed(stored.rows["face_id"]).tobytes()
            freed = replace(
                now.after(stored.version, hashes), claim=None, fragments=stored.fragments
            )
            if len(stored.rows):
                freed = freed.without_written(stored.rows["written"])
            if settles:
                # Other numbers, by which the rows differ from those that may yet be committed.
                freed = replace(freed.written_anew(), settled=max(stored.version, now.settled))
            return freed

        with self._lock():
            self._journal.change(release)


def _as_stored(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """Return rows with exactly the columns of a table."""
    return pa.table(
        {
            name: rows[name] if name in rows.column_names else pa.nulls(len(rows), kind)
            for name, kind in zip(columns.names, columns.types, strict=True)
        },
        schema=columns,
    )
