"""The newest version of one gallery's LanceDB table."""

import functools
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from core.gallery.lance.connection import LanceConnection
from core.gallery.lance.storage import WriteConflict, lance_errors, retry_on_conflict, with_timeout
from core.gallery.lance.table_files import TableFiles
from core.gallery.replica.rows import Addresses
from core.ground.aws_keys import Renewable

if TYPE_CHECKING:
    from lancedb.table import Table

_T = TypeVar("_T")

_ALL: Final = 10**9


class NewestTable:
    """Opens a gallery's table, and its newest version again and again.

    All threads that share one share its handle: whoever must rely on a version while others
    write needs one of its own. Methods raise as `FaceIndex` says.
    """

    def __init__(self, connection: Renewable[LanceConnection], gallery_id: str) -> None:
        self.gallery_id = gallery_id
        self._connection = connection
        self._opened: tuple[LanceConnection, Table] | None = None
        self._lock = threading.Lock()

    @property
    def files(self) -> TableFiles:
        return self._connection.current.files(self.gallery_id)

    def run(self, action: Callable[["Table"], _T]) -> _T:
        """Run an action on the newest version; again while others get in its way."""
        return retry_on_conflict(self.gallery_id, functools.partial(self.once, action))

    def once(self, action: Callable[["Table"], _T]) -> _T:
        """Run an action on the newest version; ``WriteConflict`` if others get in its way."""
        try:
            return self._connection.run(lambda connection: action(self._newest(connection)))
        except WriteConflict:
            self._opened = None
            raise

    def _newest(self, connection: LanceConnection) -> "Table":
        with self._lock, lance_errors(self.gallery_id):
            # Kept only while it is sound: after a timeout a thread may still be at work on it.
            opened, self._opened = self._opened, None
            if opened is None or opened[0] is not connection:
                table = with_timeout(lambda: connection.tables.open_table(self.gallery_id))
            else:
                table = opened[1]
                with_timeout(table.checkout_latest)
            self._opened = (connection, table)
            return table


def select(
    table: "Table", condition: str, columns: list[str] | None = None, *, with_row_id: bool = False
) -> pa.Table:
    """Return the rows that meet a condition."""
    with lance_errors(table.name):
        query = table.search().where(condition).limit(_ALL).with_row_id(with_row_id)
        return (query.select(columns) if columns is not None else query).to_arrow()


def row_addresses(table: "Table", *, last: int = _ALL) -> Addresses:
    """Return the address of every row, or of at most that many of the last ones."""
    with lance_errors(table.name):
        query = table.search().select(["_rowid"]).with_row_id(True).limit(_ALL)
        if last < _ALL:
            query = query.offset(max(0, int(table.count_rows()) - last))
        found: Addresses = as_numpy(query.to_arrow()["_rowid"])
        return found


def last_fragment(table: "Table", *, behind: int) -> int:
    """Return the fragment of the last row, or ``behind`` if that is further on."""
    # Not by a condition on addresses: on S3 that takes two seconds among a million rows.
    return max([behind, *(int(address) >> 32 for address in row_addresses(table, last=1))])


def fragment_sizes(table: "Table", *, last: int = _ALL) -> dict[int, int]:
    """Return the rows of each fragment, or of those that lie whole within that many last rows."""
    found = row_addresses(table, last=last)
    # The upper half of a row's address is its fragment.
    fragments, rows = np.unique(found >> np.uint64(32), return_counts=True)
    sizes = dict(zip(fragments.tolist(), rows.tolist(), strict=True))
    if len(found) == last:
        del sizes[int(found[0]) >> 32]  # which may begin before
    return sizes


def rewrite(table: "Table", fragments: Iterable[int]) -> None:
    """Write the rows of these fragments to new ones, all in one commit."""
    ranges = (
        f"(_rowid >= {fragment << 32} AND _rowid < {(fragment + 1) << 32})"
        for fragment in fragments
    )
    with lance_errors(table.name):
        # Lance writes rows to a new fragment even if the update changes nothing in them.
        table.update(where=" OR ".join(ranges), values_sql={"person": "person"})


def as_numpy(column: pa.Array | pa.ChunkedArray) -> Any:
    return column.to_numpy()
