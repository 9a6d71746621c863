"""One gallery as a LanceDB table that many processes read and write at once."""

import functools
import logging
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import StorageUnavailable
from core.gallery.heap import give_back_freed
from core.gallery.lance.connection import LanceConnection
from core.gallery.lance.rows import any_of, lacking, may_be, of_person, quoted, to_faces, to_table
from core.gallery.lance.storage import WriteConflict, lance_errors, retry_on_conflict, with_timeout
from core.gallery.lance.table_files import TableFiles
from core.gallery.lance.write_lock import write_lock
from core.gallery.replica.rows import Addresses, ReplicaRows
from core.ground.aws_keys import Renewable
from core.ground.names import spelled
from core.ports import EnrolledFace

if TYPE_CHECKING:
    from lancedb.table import Table

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_ALL: Final = 10**9
_WRITE_TIMEOUT: Final = timedelta(seconds=60)
_TIDY_EVERY: Final = 16
_SPARED: Final = ((10_000, 1), (100_000, 4), (_ALL, 16))
"""Galleries up to this size: every n-th tidying removes old versions, which copies all faces."""
_SMALL_FRAGMENT: Final = 10_000
_MERGED_AT_ONCE: Final = 100
_KEPT_FOR: Final = timedelta(minutes=1)
_ROUNDS: Final = 10
_TAKEN_SINGLY: Final = 5_000
"""Rows up to which they are fetched by address; more are found by reading all."""
_BATCH: Final = 10_000
_WARM_COLUMNS: Final = ["face_id", "person", "rejected", "written", "embedding"]


class LanceTable:
    """The stored faces of one gallery. Methods raise as `FaceIndex` says."""

    def __init__(self, connection: Renewable[LanceConnection], gallery_id: str) -> None:
        self._connection = connection
        self._gallery_id = gallery_id
        self._opened: tuple[LanceConnection, Table] | None = None
        self._lock = threading.Lock()

    def put(self, faces: Sequence[EnrolledFace]) -> None:
        def write(table: "Table") -> int:
            self._complete(table)
            rows = to_table(faces, table.schema)
            with lance_errors(self._gallery_id):
                merge = table.merge_insert("face_id").when_matched_update_all()
                return int(
                    merge.when_not_matched_insert_all()
                    .execute(rows, timeout=_WRITE_TIMEOUT)
                    .version
                )

        with write_lock(self._gallery_id):
            self._tidy_at(self._on_newest(write))

    def upgrade(self) -> bool:
        with write_lock(self._gallery_id):
            return self._on_newest(self._complete)

    def get(self, face_ids: Sequence[str]) -> list[EnrolledFace]:
        return to_faces(self._on_newest(lambda table: self._where(table, any_of(face_ids))))

    def page(self, *, limit: int, after: str, person: str | None) -> list[EnrolledFace]:
        conditions = [f"face_id > {quoted(after)}"]
        if person is not None:
            conditions.append(may_be(person))

        def read(table: "Table") -> pa.Table:
            ids = self._where(table, " AND ".join(conditions), ["face_id", "person"])
            if person is not None:
                ids = of_person(ids, person)
            chosen = pc.select_k_unstable(ids, k=limit, sort_keys=[("face_id", "ascending")])
            if not len(chosen):
                return table.schema.empty_table()
            return self._where(table, any_of(ids.take(chosen)["face_id"].to_pylist()))

        return to_faces(self._on_newest(read).sort_by("face_id"))

    def count(self) -> int:
        def read(table: "Table") -> int:
            with lance_errors(self._gallery_id):
                return int(table.count_rows())

        return self._on_newest(read)

    def count_people(self) -> int:
        named = self._on_newest(lambda table: self._where(table, "person IS NOT NULL", ["person"]))
        return len({spelled(name) for name in pc.unique(named["person"]).to_pylist()})

    def erase(self, face_ids: Sequence[str], *, on_deleted: Callable[[], None]) -> None:
        """Delete the faces' rows, and rewrite the files that still hold them.

        ``on_deleted`` runs once no search finds the rows any more. A file written later
        than the deletion can't hold them, so that other writers never keep this from
        ending.
        """
        with write_lock(self._gallery_id):
            newest = self._on_newest(lambda table: self._delete(table, any_of(face_ids)))
            on_deleted()
            for _ in range(_ROUNDS):
                if self._freed_of_deleted(newest):
                    self._remove_abandoned()
                    return
        raise StorageUnavailable(f"gallery {self._gallery_id}: erased rows are still in its files")

    def read(self, action: Callable[["Snapshot"], _T]) -> _T:
        """Run an action on the newest version; again if its files vanish meanwhile."""
        return self._on_newest(lambda table: action(Snapshot(table, self._gallery_id)))

    def _on_newest(self, action: Callable[["Table"], _T]) -> _T:
        """Run an action on the newest version; again while others get in its way."""
        return retry_on_conflict(self._gallery_id, functools.partial(self._once, action))

    def _once(self, action: Callable[["Table"], _T]) -> _T:
        try:
            return self._connection.run(lambda connection: action(self._newest(connection)))
        except WriteConflict:
            self._opened = None
            raise

    def _newest(self, connection: LanceConnection) -> "Table":
        with self._lock, lance_errors(self._gallery_id):
            # Kept only while it is sound: after a timeout a thread may still be at work on it.
            opened, self._opened = self._opened, None
            if opened is None or opened[0] is not connection:
                table = with_timeout(lambda: connection.tables.open_table(self._gallery_id))
            else:
                table = opened[1]
                with_timeout(table.checkout_latest)
            self._opened = (connection, table)
            return table

    def _complete(self, table: "Table") -> bool:
        """Give a table of an older version the columns that it lacks; tell whether it did."""
        missing = lacking(table.schema)
        if missing:
            with lance_errors(self._gallery_id):
                table.add_columns(missing)
        return bool(missing)

    def _where(self, table: "Table", condition: str, columns: list[str] | None = None) -> pa.Table:
        with lance_errors(self._gallery_id):
            query = table.search().where(condition).limit(_ALL)
            return (query.select(columns) if columns else query).to_arrow()

    def _delete(self, table: "Table", condition: str) -> int:
        """Return the newest fragment that may hold the deleted rows."""
        with lance_errors(self._gallery_id):
            table.delete(condition)
        fragments = self._fragments(table)
        return max(fragments, default=-1)

    def _fragments(self, table: "Table") -> dict[int, int]:
        """Return the rows of each fragment."""
        addresses = Snapshot(table, self._gallery_id).addresses()
        # The upper half of a row's address is its fragment.
        fragments, rows = np.unique(addresses >> np.uint64(32), return_counts=True)
        return dict(zip(fragments.tolist(), rows.tolist(), strict=True))

    def _fragments_with_deletions(self, table: "Table") -> set[int]:
        return self._files().fragments_with_deletions() & self._fragments(table).keys()

    def _files(self) -> TableFiles:
        return self._connection.current.files(self._gallery_id)

    def _freed_of_deleted(self, newest: int) -> bool:
        """Rewrite fragments that hold deleted rows, up to the newest; tell whether none did."""
        self._on_newest(lambda table: self._optimize(table, timedelta(0)))
        holding = {
            fragment
            for fragment in self._on_newest(self._fragments_with_deletions)
            if fragment <= newest
        }
        if holding:
            self._on_newest(functools.partial(self._rewrite, fragments=holding))
        return not holding

    def _rewrite(self, table: "Table", fragments: Iterable[int]) -> None:
        """Write the rows of these fragments to new ones, all in one commit."""
        ranges = (
            f"(_rowid >= {fragment << 32} AND _rowid < {(fragment + 1) << 32})"
            for fragment in fragments
        )
        with lance_errors(self._gallery_id):
            # Lance writes rows to a new fragment even if the update changes nothing in them.
            table.update(where=" OR ".join(ranges), values_sql={"person": "person"})

    def _optimize(self, table: "Table", kept_for: timedelta) -> None:
        with warnings.catch_warnings(), lance_errors(self._gallery_id):
            warnings.simplefilter("ignore")  # that readers of older versions fail: they try again
            table.optimize(cleanup_older_than=kept_for)

    def _remove_abandoned(self) -> None:
        fragments = self._on_newest(self._fragments)
        removed = self._files().remove_abandoned(fragments=len(fragments))
        if removed:
            _log.info("abandoned files removed", extra={"files": removed})

    def _tidy_at(self, version: int) -> None:
        """Merge small fragments, remove old versions and free memory, every few commits.

        Each version number is committed by one writer, so that only one tidies.
        A failure costs nothing but disorder, until the next time.
        """
        if version % _TIDY_EVERY:
            return
        try:
            rows = self.count()
            spared = next(spared for most, spared in _SPARED if rows <= most)
            if version // _TIDY_EVERY % spared:
                self._on_newest(self._merge_small)
            else:
                self._on_newest(lambda table: self._optimize(table, _KEPT_FOR))
                self._remove_abandoned()
            give_back_freed()
        except StorageUnavailable as error:
            _log.warning(
                "gallery not tidied", extra={"gallery_id": self._gallery_id, "error": str(error)}
            )

    def _merge_small(self, table: "Table") -> None:
        small = [f for f, rows in self._fragments(table).items() if rows < _SMALL_FRAGMENT]
        if len(small) > 1:
            self._rewrite(table, small[:_MERGED_AT_ONCE])


class Snapshot:
    """One version of a table, as a replica reads it."""

    def __init__(self, table: "Table", gallery_id: str) -> None:
        self._table = table
        self._gallery_id = gallery_id
        with lance_errors(gallery_id):
            self.version: int = table.version

    @property
    def length(self) -> int:
        return int(self._table.schema.field("embedding").type.list_size)

    def addresses(self) -> Addresses:
        with lance_errors(self._gallery_id):
            found = self._table.search().select(["_rowid"]).with_row_id(True).limit(_ALL)
            addresses: Addresses = _numpy(found.to_arrow()["_rowid"])
            return addresses

    def written(self, addresses: Addresses) -> NDArray[np.int64]:
        if not len(addresses):
            return np.empty(0, dtype=np.int64)
        rows = pa.Table.from_batches(self._fetch(addresses, ["written"]))
        found = _numpy(rows["_rowid"])
        order = np.argsort(found)
        written: NDArray[np.int64] = _numpy(rows["written"])
        return written[order[np.searchsorted(found[order], addresses)]]

    def rows(self, addresses: Addresses) -> Iterator[ReplicaRows]:
        for batch in self._fetch(addresses, _WARM_COLUMNS):
            yield ReplicaRows.from_batch(batch)

    def _fetch(self, addresses: Addresses, columns: list[str]) -> Iterator[pa.RecordBatch]:
        with lance_errors(self._gallery_id):
            if len(addresses) <= _TAKEN_SINGLY:
                taken = self._table.take_row_ids(addresses.tolist())
                yield from taken.select(columns).with_row_id().to_arrow().to_batches()
                return
            everything = self._table.search().select(columns).with_row_id(True).limit(_ALL)
            ordered = np.sort(addresses)
            for batch in everything.to_batches(_BATCH):
                found = _numpy(batch["_rowid"])
                places = np.searchsorted(ordered, found)
                wanted = ordered[np.minimum(places, len(ordered) - 1)] == found
                yield batch if wanted.all() else batch.filter(pa.array(wanted))


def _numpy(column: pa.Array | pa.ChunkedArray) -> Any:
    return column.to_numpy()
