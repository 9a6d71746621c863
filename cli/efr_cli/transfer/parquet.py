"""Enrolled faces in a Parquet file.

Columns ``face_id``, ``person``, ``image_id``, ``metadata`` (a map), ``rejected`` (a list),
``job_id``, ``embedding`` (float32 of one length), ``box`` (left, top, right, bottom), ``quality``,
``enrolled_at``, and ``consent`` and ``person_metadata`` (JSON) if anyone has such. Files of older
versions lack the last ones. The file's own metadata names the format and the model that made the
embeddings. Pages have checksums.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    Json,
    TypeAdapter,
    ValidationError,
)

from core.collections.person_notes import ConsentNote, PersonRecord
from core.faces.geometry import box_of, corners
from core.faces.results import Model
from core.ground.ids import is_face_id, is_job_id
from core.ground.records import Frozen
from core.jobs.index_job import ImageId, Metadata, PersonName
from core.ports import EnrolledFace
from efr_cli.errors import Refused
from efr_cli.safe_file import safe_file

PAGE: Final = 1000
_SHORTEST: Final = 0.1
_LONGEST: Final = 10.0
"""Our models make embeddings of a length of about 1; others would match no face, or every one."""
_FORMAT: Final = {b"efr_format": b"1"}
_NAME: Final = b"efr_model_name"
_VERSION: Final = b"efr_model_version"
_CONSENT: Final = "consent"
_ABOUT: Final = "person_metadata"
_RECORD: Final = (_CONSENT, _ABOUT)

RecordsOf = Callable[[Set[str]], Mapping[str, PersonRecord]]


def _checked_id(text: str) -> str:
    if not is_face_id(text):
        raise ValueError("must be a UUID in lower case")
    return text


def _checked_job_id(text: str) -> str:
    if not is_job_id(text):
        raise ValueError("must be a UUID of version 4")
    return text


_Pixels = Annotated[float, Field(allow_inf_nan=False)]


class _Row(Frozen):
    """A face without its embedding, checked like a request, because files aren't trusted either."""

    face_id: Annotated[str, AfterValidator(_checked_id)]
    person: PersonName | None
    image_id: ImageId
    metadata: Annotated[Metadata, BeforeValidator(lambda pairs: dict(pairs or ()))]
    rejected: frozenset[PersonName | Literal["Unknown"]]
    job_id: Annotated[str, AfterValidator(_checked_job_id)] | None
    box: Annotated[tuple[_Pixels, _Pixels, _Pixels, _Pixels], AfterValidator(box_of)] | None = None
    quality: Annotated[float, Field(ge=0, le=100)] | None = None
    enrolled_at: AwareDatetime | None = None
    consent: Json[ConsentNote] | None = None
    person_metadata: Json[Metadata] | None = None


_ROWS: Final[TypeAdapter[list[_Row]]] = TypeAdapter(list[_Row])


_OPTIONAL: Final = {
    "box": pa.list_(pa.float64()),
    "quality": pa.float64(),
    "enrolled_at": pa.timestamp("us", tz="UTC"),
    _CONSENT: pa.string(),
    _ABOUT: pa.string(),
}


def _schema(length: int, optional: Iterable[str]) -> pa.Schema:
    return pa.schema(
        [
            pa.field("face_id", pa.string(), nullable=False),
            pa.field("person", pa.string()),
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
            pa.field("rejected", pa.list_(pa.string()), nullable=False),
            pa.field("job_id", pa.string()),
            pa.field("embedding", pa.list_(pa.float32(), length), nullable=False),
            *(pa.field(name, _OPTIONAL[name]) for name in optional),
        ]
    )


def write_faces(
    file: Path,
    pages: Iterable[Sequence[EnrolledFace]],
    *,
    model: Model,
    length: int,
    records_of: RecordsOf | None = None,
) -> int:
    """Write faces to a file and return their number; until all are written it is unchanged.

    Parameters
    ----------
    length : int
        Length of the embeddings.
    records_of : callable, optional
        Returns what is known of people beside their faces; none is written unless given.
    """
    with safe_file(file) as sink:
        return write_stream(sink, pages, model=model, length=length, records_of=records_of)


def write_stream(
    sink: IO[bytes],
    pages: Iterable[Sequence[EnrolledFace]],
    *,
    model: Model,
    length: int,
    records_of: RecordsOf | None = None,
) -> int:
    """Write faces as `write_faces` does to a file that is open and can tell its position."""
    optional = [name for name in _OPTIONAL if name not in _RECORD or records_of is not None]
    columns = _schema(length, optional).with_metadata(
        _FORMAT | {_NAME: model.name.encode(), _VERSION: model.version.encode()}
    )
    written = 0
    with pq.ParquetWriter(sink, columns, compression="zstd", write_page_checksum=True) as writer:
        for page in pages:
            writer.write_batch(_batch(page, columns, records_of))
            written += len(page)
    return written


def _batch(
    faces: Sequence[EnrolledFace], columns: pa.Schema, records_of: RecordsOf | None
) -> pa.RecordBatch:
    embeddings = np.stack([face.embedding for face in faces]).astype(np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(
        pa.array(embeddings.reshape(-1)), columns.field("embedding").type.list_size
    )
    values: list[tuple[str, Any]] = [
        ("face_id", [face.face_id for face in faces]),
        ("person", [face.person for face in faces]),
        ("image_id", [face.image_id for face in faces]),
        ("metadata", [list(face.metadata.items()) for face in faces]),
        ("rejected", [sorted(face.rejected) for face in faces]),
        ("job_id", [face.job_id for face in faces]),
        ("box", [None if face.box is None else corners(face.box) for face in faces]),
        ("quality", [face.quality for face in faces]),
        ("enrolled_at", [face.enrolled_at for face in faces]),
    ]
    if records_of is not None:
        known = records_of({face.person for face in faces if face.person is not None})
        records = [known.get(face.person or "", PersonRecord()) for face in faces]
        values.append((_CONSENT, [_json(record.consent) for record in records]))
        values.append((_ABOUT, [json.dumps(r.metadata) if r.metadata else None for r in records]))
    arrays = {name: pa.array(column, columns.field(name).type) for name, column in values}
    return pa.record_batch(arrays | {"embedding": vectors}, schema=columns)


def _json(note: ConsentNote | None) -> str | None:
    return None if note is None else note.model_dump_json()


def _fields(row: _Row) -> dict[str, Any]:
    return {name: value for name, value in row if name not in _RECORD}


class FacesFile:
    """A file of faces that was opened for reading.

    Parameters
    ----------
    name : Path or str
        What messages call it.
    file : binary file, optional
        One that is open and can be sought in, instead of the one of that name.

    Raises
    ------
    Refused
        If it is damaged, or no such file; so does reading.
    """

    def __init__(self, name: Path | str, file: IO[bytes] | None = None) -> None:
        self._path = name
        try:
            self._file = pq.ParquetFile(file or name, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        columns: pa.Schema = self._file.schema_arrow
        notes = columns.metadata or {}
        embedding = columns.field("embedding").type if "embedding" in columns.names else None
        self._length = getattr(embedding, "list_size", -1)
        if not (_FORMAT.items() <= notes.items() and {_NAME, _VERSION} <= notes.keys()):
            raise self._damaged("it was not written by 'efr export'")
        optional = [name for name in _OPTIONAL if name in columns.names]
        if not columns.equals(_schema(max(self._length, 1), optional)):
            raise self._damaged("its columns are not those of an export")
        self.model = Model(name=notes[_NAME].decode(), version=notes[_VERSION].decode())
        self.count: int = self._file.metadata.num_rows
        self.records: dict[str, PersonRecord] = {}
        """What is known of people, by name, of the pages that were read so far."""

    def pages(self) -> Iterator[list[EnrolledFace]]:
        """Yield the faces."""
        try:
            for batch in self._file.iter_batches(batch_size=PAGE):
                yield self._faces(batch)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def _faces(self, batch: pa.RecordBatch) -> list[EnrolledFace]:
        try:
            rows = _ROWS.validate_python(batch.drop_columns(["embedding"]).to_pylist())
        except ValidationError as error:
            problem = error.errors()[0]
            raise self._damaged(f"{problem['loc'][1]}: {problem['msg']}") from error
        flat = batch.column("embedding").flatten().to_numpy(zero_copy_only=False)
        if len(flat) != len(rows) * self._length or not np.isfinite(flat).all():
            raise self._damaged("an embedding is missing or not finite")
        if len({row.face_id for row in rows}) < len(rows):
            raise self._damaged("a face comes twice")
        embeddings = np.array(flat, dtype=np.float32).reshape(-1, self._length)
        lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1)
        if not ((lengths >= _SHORTEST) & (lengths <= _LONGEST)).all():
            raise self._damaged(f"an embedding's length is not {_SHORTEST} to {_LONGEST}")
        self.records |= {
            row.person: PersonRecord(consent=row.consent, metadata=row.person_metadata or {})
            for row in rows
            if row.person and (row.consent or row.person_metadata)
        }
        return [
            EnrolledFace(**_fields(row), embedding=embedding)
            for row, embedding in zip(rows, embeddings, strict=True)
        ]

    def _damaged(self, reason: object) -> Refused:
        return Refused("INVALID_FILE", f"{self._path} can't be imported: {reason}")
