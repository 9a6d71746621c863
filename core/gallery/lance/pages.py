"""The faces of a gallery page by page, in order of their ids.

A table has its rows in no order. So a page takes a read of all ids behind the one before. What is
read for one page is kept for those that follow, so that many pages of a large gallery do not read
all ids each.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.gallery.lance.journal import Entries, joined
from core.gallery.lance.newest_table import select
from core.gallery.lance.rows import any_of, may_be, of_person, quoted, to_faces
from core.gallery.lance.storage import WriteConflict, lance_errors
from core.gallery.replica.rows import Addresses
from core.ports import EnrolledFace

if TYPE_CHECKING:
    from lancedb.table import Table

_KEPT: Final = 100_000
"""Ids, with the addresses of their rows: some 4 MB."""


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """Ids of a version of a table that follow one another behind an id; maybe the last ones."""

    gallery_id: str
    version: int
    after: bytes
    ids: NDArray[np.bytes_]
    addresses: Addresses
    are_last: bool

    def position(self, table: "Table", after: bytes, count: int) -> int | None:
        """Return where those begin that are behind an id; None if so many are not known."""
        is_of_it = (self.gallery_id, self.version) == (table.name, int(table.version))
        if not is_of_it or after < self.after:
            return None
        found = int(np.searchsorted(self.ids, after, side="right"))
        return found if self.are_last or found + count <= len(self.ids) else None


class IdsAhead:
    """The ids that come next in the gallery that was read last; for many threads."""

    def __init__(self) -> None:
        self._ahead: _Ahead | None = None

    def behind(self, table: "Table", after: str, count: int) -> tuple[list[str], Addresses]:
        """Return the next ids behind one, and the addresses of their rows; all if fewer."""
        ahead, wanted = self._ahead, after.encode()
        position = None if ahead is None else ahead.position(table, wanted, count)
        if ahead is None or position is None:
            ahead, position = _read(table, after, max(count, _KEPT)), 0
            self._ahead = ahead
        there = slice(position, position + count)
        return [each.decode() for each in ahead.ids[there].tolist()], ahead.addresses[there]

    def forget(self) -> None:
        """Read all again."""
        self._ahead = None


def next_faces(
    table: "Table", entries: Entries, ahead: IdsAhead, *, limit: int, after: str
) -> list[EnrolledFace]:
    """Return the next faces behind an id, of a table and of the journal before it; in any order."""
    arrived = [face_id for face_id in entries.face_ids if face_id > after] if len(entries) else []
    ids, addresses = ahead.behind(table, after, limit)
    hidden = set(arrived)
    stored = {
        face_id: address
        for face_id, address in zip(ids, addresses.tolist(), strict=True)
        if face_id not in hidden
    }
    wanted = sorted([*arrived, *stored])[:limit]
    found = to_faces(entries.of(wanted)) if arrived else []
    taken = [face_id for face_id in wanted if face_id in stored]
    if taken:
        with lance_errors(table.name):
            rows = table.take_row_ids([stored[face_id] for face_id in taken]).to_arrow()
        if set(rows["face_id"].to_pylist()) != set(taken):
            ahead.forget()
            raise WriteConflict("the gallery was made again meanwhile")
        found += to_faces(rows)
    return found


def next_faces_of(
    table: "Table", entries: Entries, person: str, *, limit: int, after: str
) -> list[EnrolledFace]:
    """Return the next faces of a person, as `next_faces` does."""
    ids = select(table, f"face_id > {quoted(after)} AND {may_be(person)}", ["face_id", "person"])
    if len(entries):
        hidden = pa.array(entries.face_ids, pa.string())
        ids = ids.filter(pc.invert(pc.is_in(ids["face_id"], hidden)))
        behind = entries.rows.filter(pc.greater(entries.rows["face_id"], after))
        ids = joined(ids, behind.select(["face_id", "person"]))
    ids = of_person(ids, person)
    chosen = pc.select_k_unstable(ids, k=limit, sort_keys=[("face_id", "ascending")])
    wanted = ids.take(chosen)["face_id"].to_pylist()
    found = to_faces(entries.of(wanted)) if len(entries) else []
    others = set(wanted) - {face.face_id for face in found}
    return found + to_faces(select(table, any_of(sorted(others)))) if others else found


def _read(table: "Table", after: str, count: int) -> _Ahead:
    found = select(table, f"face_id > {quoted(after)}", ["face_id"], with_row_id=True)
    first = found.take(
        pc.select_k_unstable(found, k=count, sort_keys=[("face_id", "ascending")])
    ).sort_by("face_id")
    return _Ahead(
        gallery_id=table.name,
        version=int(table.version),
        after=after.encode(),
        ids=np.array(first["face_id"].to_pylist(), dtype=np.bytes_),
        addresses=first["_rowid"].to_numpy(),
        are_last=len(found) <= count,
    )
