"""Reads the faces of one gallery: those of its journal, and of its table what that hides not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from core.gallery.lance.journal import Entries, Journal, joined
from core.gallery.lance.known_ids import KnownIds
from core.gallery.lance.newest_table import NewestTable, select
from core.gallery.lance.pages import IdsAhead, next_faces, next_faces_of
from core.gallery.lance.rows import UNNAMED_COLUMNS, any_of, to_faces, to_unnamed
from core.gallery.lance.snapshot import hidden_rows
from core.gallery.lance.storage import lance_errors
from core.gallery.person_list import COLUMNS, people_in
from core.ground.names import spelled
from core.ports import EnrolledFace, EnrolledPerson, PersonOrder, PersonPlace, UnnamedFace

if TYPE_CHECKING:
    from lancedb.table import Table


class StoredFaces:
    """Reads the faces of one gallery. Methods raise as `FaceIndex` says.

    Parameters
    ----------
    known : KnownIds
        What is known of the table's faces.
    """

    def __init__(
        self, table: NewestTable, journal: Journal, known: KnownIds, *, ahead: IdsAhead
    ) -> None:
        self._table = table
        self._journal = journal
        self._known = known
        self._ahead = ahead

    def get(self, face_ids: Sequence[str]) -> list[EnrolledFace]:
        entries = self._journal.read()
        arrived = to_faces(entries.of(face_ids)) if len(entries) else []
        others = sorted(set(face_ids) - {face.face_id for face in arrived})
        if others and self._known.is_loaded:
            # Only of a process that writes: it needs to know them anyway.
            there = self.known_at(entries).may_have(others)
            others = [each for each, is_there in zip(others, there, strict=True) if is_there]
        elif not others and not arrived:
            others = [""]  # a gallery that is gone shall be found so
        if not others:
            return arrived
        return arrived + to_faces(self._table.run(lambda table: select(table, any_of(others))))

    def page(self, *, limit: int, after: str, person: str | None) -> list[EnrolledFace]:
        entries = self._journal.read()

        def read(table: "Table") -> list[EnrolledFace]:
            if person is None:
                return next_faces(table, entries, self._ahead, limit=limit, after=after)
            return next_faces_of(table, entries, person, limit=limit, after=after)

        return sorted(self._table.run(read), key=lambda face: face.face_id)

    def unnamed(self) -> list[UnnamedFace]:
        entries = self._journal.read()

        def read(table: "Table") -> pa.Table:
            found = select(table, "person IS NULL", _known(table.schema))
            if not len(entries):
                return found
            hidden = _values(entries.face_ids)
            return found.filter(pc.invert(pc.is_in(found["face_id"], hidden)))

        stored = to_unnamed(self._table.run(read))
        if not len(entries):
            return stored
        arrived = entries.rows.filter(pc.is_null(entries.rows["person"]))
        return stored + to_unnamed(arrived.select(_known(arrived.schema)))

    def count(self) -> int:
        entries = self._journal.read()

        def read(table: "Table") -> int:
            with lance_errors(self._table.gallery_id):
                rows = int(table.count_rows())
            hidden = len(hidden_rows(table, entries, ["face_id"])) if len(entries) else 0
            return rows - hidden + len(entries)

        return self._table.run(read)

    def count_people(self) -> int:
        names = pc.unique(self._named(["person"])["person"]).to_pylist()
        return len(set(map(spelled, names)))

    def persons(
        self, *, limit: int, order: PersonOrder, prefix: str, after: PersonPlace | None
    ) -> list[EnrolledPerson]:
        rows = self._named(COLUMNS.names)
        return people_in(rows, limit=limit, order=order, prefix=prefix, after=after)

    def _named(self, columns: Sequence[str]) -> pa.Table:
        """Return columns of all faces with a name, without those that an older table lacks."""
        entries = self._journal.read()

        def read(table: "Table") -> pa.Table:
            wanted = dict.fromkeys(["face_id", *columns])
            there = [name for name in wanted if name in table.schema.names]
            named = select(table, "person IS NOT NULL", there)
            if not len(entries):
                return named
            hidden = _values(entries.face_ids)
            shown = named.filter(pc.invert(pc.is_in(named["face_id"], hidden)))
            arrived = entries.rows.filter(pc.is_valid(entries.rows["person"]))
            return joined(shown, arrived.select(there))

        return self._table.run(read)

    def known_at(self, entries: Entries) -> KnownIds:
        """Return what is known of the faces of the table that goes with these entries."""
        if not self._known.learn(entries):
            self._table.run(lambda table: self._known.follow(table, entries))
        return self._known


def _values(face_ids: Sequence[str]) -> pa.Array:
    return pa.array(face_ids, pa.string())


def _known(columns: pa.Schema) -> list[str]:
    """Return which columns an unnamed face is made of there; an older table lacks some."""
    return [name for name in UNNAMED_COLUMNS if name in columns.names]
