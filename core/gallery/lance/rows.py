"""Enrolled faces as rows of a table, and the filters that find them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import ModelMismatch
from core.faces.geometry import box_of, corners
from core.ground.ids import is_face_id
from core.ground.names import spelled
from core.ports import EnrolledFace, UnnamedFace

_PRIMARY_KEY: Final = {"lance-schema:unenforced-primary-key": "true"}
"""Makes two writers of the same new face conflict, so that the second one replaces it."""
_ADDED_LATER: Final = (
    pa.field("box", pa.list_(pa.float64())),
    pa.field("quality", pa.float64()),
    pa.field("enrolled_at", pa.timestamp("us", tz="UTC")),
)
"""Behind the others, where an older table gets them too."""


UNNAMED_COLUMNS: Final = ("face_id", "job_id", "rejected", "enrolled_at")


def schema(length: int) -> pa.Schema:
    """Return the columns of a gallery for embeddings of that length.

    ``written`` is a random number of the write that stored the row: it stays
    when the row is moved, and differs when the face is stored again.
    """
    return pa.schema(
        [
            pa.field("face_id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
            pa.field("person", pa.string()),
            pa.field("image_id", pa.string()),
            pa.field("metadata", pa.string()),
            pa.field("rejected", pa.list_(pa.string())),
            pa.field("job_id", pa.string()),
            pa.field("written", pa.int64()),
            pa.field("embedding", pa.list_(pa.float32(), length)),
            *_ADDED_LATER,
        ]
    )


def lacking(columns: pa.Schema) -> list[pa.Field]:
    """Return the columns that a table of an older version does not have."""
    return [field for field in _ADDED_LATER if field.name not in columns.names]


def to_table(faces: Sequence[EnrolledFace], columns: pa.Schema) -> pa.Table:
    """Return faces as rows; the last of those with the same id.

    Raises
    ------
    ModelMismatch
        If an embedding has another length than the gallery's.
    """
    length = columns.field("embedding").type.list_size
    rows = list({_checked(face, length).face_id: face for face in faces}.values())
    embeddings = np.array([face.embedding for face in rows], dtype=np.float32)
    values: dict[str, Any] = {
        "face_id": [face.face_id for face in rows],
        "person": [face.person for face in rows],
        "image_id": [face.image_id for face in rows],
        "metadata": [json.dumps(dict(face.metadata)) for face in rows],
        "rejected": [sorted(face.rejected) for face in rows],
        "job_id": [face.job_id for face in rows],
        "written": new_writes(len(rows)),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(embeddings.reshape(-1)), length),
        "box": [None if face.box is None else corners(face.box) for face in rows],
        "quality": [face.quality for face in rows],
        "enrolled_at": [face.enrolled_at for face in rows],
    }
    return pa.table(values, schema=columns)


def new_writes(count: int) -> NDArray[np.int64]:
    """Return random numbers, one for each row that is written."""
    return np.random.default_rng().integers(2**63, size=count)


def _checked(face: EnrolledFace, length: int) -> EnrolledFace:
    if not is_face_id(face.face_id):
        raise ValueError(f"a face id is a UUID in lower case, not {face.face_id!r}")
    if face.embedding.shape != (length,):
        raise ModelMismatch(
            f"the gallery holds embeddings of length {length}, not of shape {face.embedding.shape}"
        )
    return face


def to_faces(rows: pa.Table) -> list[EnrolledFace]:
    """Return rows as faces."""
    length = rows.schema.field("embedding").type.list_size
    embeddings = rows["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    others = rows.drop_columns(["embedding"]).to_pylist()
    return [
        EnrolledFace(
            face_id=row["face_id"],
            person=row["person"],
            image_id=row["image_id"],
            embedding=embedding,
            metadata=json.loads(row["metadata"]),
            rejected=frozenset(row["rejected"]),
            job_id=row["job_id"],
            box=None if row.get("box") is None else box_of(row["box"]),
            quality=row.get("quality"),
            enrolled_at=row.get("enrolled_at"),
        )
        for row, embedding in zip(others, embeddings.reshape(-1, length), strict=True)
    ]


def to_unnamed(rows: pa.Table) -> list[UnnamedFace]:
    """Return rows of `UNNAMED_COLUMNS` as faces without a person."""
    return [
        UnnamedFace(
            face_id=row["face_id"],
            job_id=row["job_id"],
            rejected=frozenset(row["rejected"]),
            enrolled_at=row.get("enrolled_at"),
        )
        for row in rows.to_pylist()
    ]


def known_ids(face_ids: Iterable[str]) -> list[str]:
    """Return the ids that a face can have, each once."""
    return [face_id for face_id in dict.fromkeys(face_ids) if is_face_id(face_id)]


def any_of(face_ids: Sequence[str]) -> str:
    """Return the filter for these faces; the ids are from `known_ids`."""
    return f"face_id IN ({', '.join(map(quoted, face_ids))})" if face_ids else "false"


def may_be(person: str) -> str:
    """Return the filter for a person's faces, which may let faces of others through."""
    if person.isascii():
        return f"person = {quoted(person)}"
    return "octet_length(person) > character_length(person)"  # all names that are not ASCII


def of_person(rows: pa.Table, person: str) -> pa.Table:
    """Return those rows whose name is the person's in any spelling."""
    stored = pc.unique(rows["person"]).to_pylist()
    theirs = [name for name in stored if name is not None and spelled(name) == person]
    return rows.filter(pc.is_in(rows["person"], pa.array(theirs, pa.string())))


def quoted(text: str) -> str:
    """Return a text as a literal of a filter."""
    return "'" + text.replace("'", "''") + "'"
