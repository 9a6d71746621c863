"""The people of a gallery, found in few columns of its faces."""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from core.ground.names import spelled
from core.ports import EnrolledFace, EnrolledPerson, PersonOrder, PersonPlace

COLUMNS: Final = pa.schema(
    [
        pa.field("face_id", pa.string()),
        pa.field("person", pa.string()),
        pa.field("quality", pa.float64()),
        pa.field("enrolled_at", pa.timestamp("us", tz="UTC")),
    ]
)


def rows_of(faces: Iterable[EnrolledFace]) -> pa.Table:
    """Return what is needed of faces."""
    return pa.Table.from_pylist(
        [
            {name: getattr(face, name) for name in COLUMNS.names}
            for face in faces
            if face.person is not None
        ],
        schema=COLUMNS,
    )


def people_in(
    rows: pa.Table,
    *,
    limit: int,
    order: PersonOrder,
    prefix: str,
    after: PersonPlace | None,
) -> list[EnrolledPerson]:
    """Return the next people of named faces, as `FaceIndex.persons` does.

    Parameters
    ----------
    rows : pyarrow.Table
        With the columns of `COLUMNS`; tables of older versions may lack the last two.
    """
    found = _grouped(_complete(rows))
    if prefix:
        begins = pc.starts_with(pc.utf8_lower(found["person"]), prefix.lower())
        found = found.filter(begins)
    found = found.append_column("rank", _ranks(found, order))
    if after is not None:
        rank, person = after
        is_equal = pc.and_(pc.equal(found["rank"], rank), pc.greater(found["person"], person))
        found = found.filter(pc.or_(pc.greater(found["rank"], rank), is_equal))
    keys = [("rank", "ascending"), ("person", "ascending")]
    chosen = found.take(pc.select_k_unstable(found, k=limit, sort_keys=keys))
    return [
        EnrolledPerson(
            person=row["person"],
            faces=row["face_id_count"],
            cover=row["face_id_first"],
            first_enrolled_at=row["enrolled_at_min"],
            last_enrolled_at=row["enrolled_at_max"],
        )
        for row in chosen.to_pylist()
    ]


def _complete(rows: pa.Table) -> pa.Table:
    """Return the rows with names in their one spelling, and every column."""
    names = rows["person"].combine_chunks().dictionary_encode()
    names = pa.chunked_array([names]) if isinstance(names, pa.DictionaryArray) else names
    one = names.combine_chunks()
    known = pa.array([spelled(name) for name in one.dictionary.to_pylist()], pa.string())
    columns = {
        "face_id": rows["face_id"],
        "person": known.take(one.indices),
        "quality": _column(rows, "quality"),
        "enrolled_at": _column(rows, "enrolled_at"),
    }
    return pa.table(columns, schema=COLUMNS)


def _column(rows: pa.Table, name: str) -> pa.Array | pa.ChunkedArray:
    if name in rows.column_names:
        return rows[name]
    return pa.nulls(len(rows), COLUMNS.field(name).type)


def _grouped(rows: pa.Table) -> pa.Table:
    """Return one row a person; the first face is that of the best quality."""
    best_first = rows.sort_by([("quality", "descending"), ("face_id", "ascending")])
    return best_first.group_by("person", use_threads=False).aggregate(
        [
            ("face_id", "first"),
            ("face_id", "count"),
            ("enrolled_at", "min"),
            ("enrolled_at", "max"),
        ]
    )


def _ranks(found: pa.Table, order: PersonOrder) -> pa.Array | pa.ChunkedArray:
    """Return the numbers of `EnrolledPerson.place`."""
    if order == "faces":
        return pc.negate(found["face_id_count"])
    if order == "last_enrolled":
        return pc.negate(pc.fill_null(found["enrolled_at_max"].cast(pa.int64()), 0))
    return pa.array([0] * len(found), pa.int64())
