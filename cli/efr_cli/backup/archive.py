"""The file of a backup: a tar of Parquet tables, between a page that says what it is and an end.

``efr-backup.json`` comes first. Then come tables of objects (``000001-objects.parquet``, with the
columns ``key`` and ``body``) and tables of faces (``000002-faces-{gallery_id}.parquet``, as of an
export). ``end.json`` comes last: a file without it was cut off. It has the SHA-256 of all before,
and names the collections whose faces could not be read.
Tables are small, so that neither writing nor reading takes more memory for more faces: each has
1,000 rows at most, and 64 MiB of objects, unless a single object is larger.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, ValidationError

from core import __version__
from core.faces.results import Model
from core.ground.ids import is_gallery_id
from core.ground.records import Frozen
from core.ports import EnrolledFace
from efr_cli.errors import Refused
from efr_cli.transfer.parquet import FacesFile, write_stream

FORMAT: Final = 1
_ABOUT: Final = "efr-backup.json"
_END: Final = "end.json"
_OBJECTS: Final = pa.schema([("key", pa.string()), ("body", pa.binary())])
_PART_BYTES: Final = 64 << 20
_PART_OBJECTS: Final = 1000
"""That a table of objects has at most; a larger object has one of its own."""
_MOST_BYTES: Final = 1 << 30
_READ_BYTES: Final = 1 << 20
_PART: Final = re.compile(r"[0-9]{6,}-(objects|faces-([0-9a-f]{32}))\.parquet")


class About(Frozen):
    """What a backup is: ``made_at`` is when it was begun, by the storage's clock."""

    format: int
    version: str
    made_at: AwareDatetime
    tenants: tuple[str, ...]


class Missing(Frozen):
    """Faces that a backup lacks, because they could not be read when it was made."""

    tenant: str
    collection_id: str
    what: Literal["faces", "unknown faces"]
    reason: str

    @property
    def named(self) -> str:
        """What it is that is missing."""
        place = f"{self.tenant}:{self.collection_id}" if self.tenant else self.collection_id
        return f"the {self.what} of collection {place!r}"


class _End(Frozen):
    parts: int
    sha256: str
    missing: tuple[Missing, ...] = ()


class ArchiveWriter:
    """Writes a backup to a stream that need not know its position.

    Used in a ``with``, it lets go of the stream also if something is raised.
    """

    def __init__(self, sink: IO[bytes], about: About) -> None:
        self._tar = tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - until its end
        self._made_s = about.made_at.timestamp()
        self._digest = hashlib.sha256()
        self._parts = 0
        self._add(_ABOUT, about.model_dump_json(indent=1).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._tar.__exit__(*raised)

    def objects(self, found: Iterable[tuple[str, bytes]]) -> int:
        """Add objects, and return their number; those of one part are in memory at a time."""
        count = 0
        for part in _bounded(found):
            keys, bodies = zip(*part, strict=True)
            table = pa.table([pa.array(keys), pa.array(bodies, pa.binary())], schema=_OBJECTS)
            made = io.BytesIO()
            pq.write_table(
                table, made, compression="zstd", use_dictionary=False, write_page_checksum=True
            )
            self._part("objects", made.getvalue())
            count += len(part)
        return count

    def faces(self, gallery_id: str, faces: Sequence[EnrolledFace], model: Model) -> None:
        """Add faces of a gallery."""
        if faces:
            made = io.BytesIO()
            write_stream(made, [faces], model=model, length=len(faces[0].embedding))
            self._part(f"faces-{gallery_id}", made.getvalue())

    def end(self, missing: Iterable[Missing] = ()) -> None:
        """Say that all is there, or what is not."""
        end = _End(parts=self._parts, sha256=self._digest.hexdigest(), missing=tuple(missing))
        self._add(_END, end.model_dump_json().encode())
        self._tar.close()

    def _part(self, kind: str, body: bytes) -> None:
        self._parts += 1
        self._add(f"{self._parts:06}-{kind}.parquet", body)

    def _add(self, name: str, body: bytes) -> None:
        _note(self._digest, name, body)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = len(body), 0o600, int(self._made_s)
        self._tar.addfile(entry, io.BytesIO(body))


class FacesPart:
    """Faces of one gallery, which are read when they are asked for."""

    def __init__(self, gallery_id: str, file: FacesFile) -> None:
        self.gallery_id = gallery_id
        self.model = file.model
        self.count = file.count
        self._file = file

    def pages(self) -> Iterator[list[EnrolledFace]]:
        """Yield the faces."""
        return self._file.pages()


ObjectsPart = Mapping[str, bytes]


class ArchiveReader:
    """A backup that is open for reading, as often as it is wanted.

    Parameters
    ----------
    file : binary file
        Must be able to seek.
    name : str
        What messages call it.

    Raises
    ------
    Refused
        If it is no backup, or of a newer format.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self.missing: tuple[Missing, ...] = ()
        """What it lacks; known once all parts were read."""
        first = next(self._entries(), None)
        if first is None or first[0] != _ABOUT:
            raise self._invalid("it is no backup of this service")
        try:
            said = json.loads(first[1])
            newer = int(said["format"])
            if newer > FORMAT:
                raise Refused(
                    "BACKUP_TOO_NEW",
                    f"{name} was made by version {said['version']}, in format {newer}; this is "
                    f"{__version__}, which reads formats up to {FORMAT}",
                )
            self.about = About.model_validate(said)
        except (KeyError, TypeError, ValueError) as error:
            raise self._invalid("its first entry is damaged") from error

    def parts(self) -> Iterator[ObjectsPart | FacesPart]:
        """Yield all tables; raises ``Refused`` at what is damaged, and at the end if it lacks.

        What was yielded before is not known to be whole: read all once before you use any.
        """
        digest, parts, ended = hashlib.sha256(), 0, False
        for name, body in self._entries():
            if ended:
                raise self._invalid("something follows its end")
            if name == _END:
                ended = True
                self._check_end(body, parts, digest.hexdigest())
                continue
            _note(digest, name, body)
            if name != _ABOUT:
                parts += 1
                yield self._part(name, body)
        if not ended:
            raise self._invalid("it is cut off")

    def _part(self, name: str, body: bytes) -> ObjectsPart | FacesPart:
        found = _PART.fullmatch(name)
        if found is None:
            raise self._invalid(f"it has an entry {name[:100]!r}")
        if found[2] and is_gallery_id(found[2]):
            try:
                return FacesPart(found[2], FacesFile(name, io.BytesIO(body)))
            except Refused as error:
                raise self._invalid(str(error)) from error
        try:
            table = pq.read_table(io.BytesIO(body), page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise self._invalid(error) from error
        if not table.schema.equals(_OBJECTS):
            raise self._invalid(f"{name} has other columns")
        return dict(
            zip(table.column("key").to_pylist(), table.column("body").to_pylist(), strict=True)
        )

    def _check_end(self, body: bytes, parts: int, sha256: str) -> None:
        try:
            end = _End.model_validate_json(body)
        except ValidationError as error:
            raise self._invalid("its end is damaged") from error
        if (end.parts, end.sha256) != (parts, sha256):
            raise self._invalid("it is damaged")
        self.missing = end.missing

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        self._file.seek(0)
        try:
            with tarfile.open(fileobj=self._file, mode="r|", bufsize=_READ_BYTES) as tar:
                for entry in tar:
                    stream = tar.extractfile(entry) if entry.isreg() else None
                    if stream is None or entry.size > _MOST_BYTES:
                        raise self._invalid(f"it has an entry {entry.name[:100]!r}")
                    body = stream.read()
                    if len(body) < entry.size:
                        raise self._invalid("it is cut off")
                    yield entry.name, body
        except (tarfile.TarError, EOFError) as error:
            raise self._invalid(f"it is damaged, cut off, or no backup ({error})") from error

    def _invalid(self, reason: object) -> Refused:
        return Refused("INVALID_BACKUP", f"{self._name} can't be restored: {reason}")


def _bounded(found: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    part: list[tuple[str, bytes]] = []
    size = 0
    for key, body in found:
        if part and (len(part) == _PART_OBJECTS or size + len(body) > _PART_BYTES):
            yield part
            part, size = [], 0
        part.append((key, body))
        size += len(body)
    if part:
        yield part


def _note(digest: "hashlib._Hash", name: str, body: bytes) -> None:
    digest.update(f"{name} {len(body)}\n".encode())
    digest.update(body)
