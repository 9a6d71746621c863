"""Keeping a table's files few, and free of what was deleted."""

import functools
import logging
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.errors import StorageUnavailable
from core.gallery.heap import give_back_freed
from core.gallery.lance.newest_table import NewestTable, fragment_sizes, last_fragment, rewrite
from core.gallery.lance.storage import lance_errors

if TYPE_CHECKING:
    from lancedb.table import Table

_log = logging.getLogger(__name__)

_ALL: Final = 10**9
_EVERY: Final = 16
_SPARED: Final = ((10_000, 1, 1), (100_000, 1, 4), (_ALL, 4, 16))
"""Galleries up to this size: every n-th turn merges small fragments, for which the rows of all
are looked through, and every m-th removes old versions, which copies all faces."""
_SMALL_FRAGMENT: Final = 10_000
_MERGED_AT_ONCE: Final = 100
_LAST: Final = 200_000
"""Rows among which small fragments are looked for: new ones are the last."""
_KEPT_FOR: Final = timedelta(minutes=1)
_FOR_EVER: Final = timedelta(days=36_500)
_ROUNDS: Final = 10


class Tidying:
    """The order in one table's files."""

    def __init__(self, table: NewestTable) -> None:
        self._table = table

    def delete(self, condition: str) -> tuple[int, int]:
        """Delete rows; return the newest fragment that may hold them, and the version then."""

        def delete(table: "Table") -> tuple[int, int]:
            with lance_errors(self._table.gallery_id):
                table.delete(condition)
            return last_fragment(table, behind=-1), int(table.version)

        deleted = self._table.run(delete)
        self._table.files.keep()
        return deleted

    def free_of_deleted(self, newest: int) -> None:
        """Rewrite the files of fragments, up to the newest, that still hold deleted rows.

        A file written later than the deletion can't hold them, so that other writers never
        keep this from ending. No file names the deleted faces any more either.
        """
        for _ in range(_ROUNDS):
            if self._freed_of_deleted(newest):
                self._remove_abandoned()
                self._table.files.keep()
                return
        raise StorageUnavailable(
            f"gallery {self._table.gallery_id}: erased rows are still in its files"
        )

    def after(self, former_version: int, version: int) -> None:
        """Merge small fragments, remove old versions and free memory, every few commits.

        The versions are those after two folds that follow one another, so that of all
        processes only one tidies. A failure costs nothing but disorder, until the next time.
        """
        turn = version // _EVERY
        if former_version // _EVERY == turn:
            return
        try:
            rows = self._table.run(_count)
            merges, removes = next(turns for most, *turns in _SPARED if rows <= most)
            if turn % removes == 0:
                self._table.run(lambda table: self._optimize(table, _KEPT_FOR))
                self._remove_abandoned()
            elif turn % merges == 0:
                self._table.run(_merge_small)
            give_back_freed()
        except StorageUnavailable as error:
            _log.warning(
                "gallery not tidied",
                extra={"gallery_id": self._table.gallery_id, "error": str(error)},
            )

    def _freed_of_deleted(self, newest: int) -> bool:
        """Rewrite fragments that hold deleted rows, up to the newest; tell whether none did.

        A version has the condition of its deletion, with the ids of the faces. A rewriting puts
        another one in its place; where nothing is to be rewritten, one that changes nothing does.
        """
        self._table.run(lambda table: self._optimize(table, timedelta(0)))
        holding = {
            fragment
            for fragment in self._table.run(self._fragments_with_deletions)
            if fragment <= newest
        }
        if holding:
            self._table.run(functools.partial(rewrite, fragments=holding))
        elif self._table.files.name_faces():
            self._table.run(_commit_nothing)
        else:
            return True
        return False

    def _fragments_with_deletions(self, table: "Table") -> set[int]:
        return self._table.files.fragments_with_deletions() & fragment_sizes(table).keys()

    def _optimize(self, table: "Table", kept_for: timedelta) -> None:
        with warnings.catch_warnings(), lance_errors(self._table.gallery_id):
            warnings.simplefilter("ignore")  # that readers of older versions fail: they try again
            if self._table.files.is_in_folder:
                # Nothing may go before what takes its place is on the disk.
                table.optimize(cleanup_older_than=_FOR_EVER)
                self._table.files.keep()
            table.optimize(cleanup_older_than=kept_for)

    def _remove_abandoned(self) -> None:
        fragments = self._table.run(fragment_sizes)
        removed = self._table.files.remove_abandoned(fragments=len(fragments))
        if removed:
            _log.info("abandoned files removed", extra={"files": removed})


def _count(table: "Table") -> int:
    with lance_errors(table.name):
        return int(table.count_rows())


def _commit_nothing(table: "Table") -> None:
    with lance_errors(table.name):
        table.delete("false")


def _merge_small(table: "Table") -> None:
    small = [f for f, rows in fragment_sizes(table, last=_LAST).items() if rows < _SMALL_FRAGMENT]
    if len(small) > 1:
        rewrite(table, small[:_MERGED_AT_ONCE])
