"""An object as a file: a line that says what it is, and its bytes."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

from core.errors import StorageUnavailable
from core.ports import ObjectNotes, StoredObject, check_size

_FORMAT: Final = b"efr-object-1 "
_LONGEST_LINE: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class ObjectLine:
    """The first line of an object's file.

    ``version`` is a hash of the object's bytes, ``written_s`` the second since 1970.
    """

    version: str
    size: int
    written_s: int
    content_type: str
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, body: bytes, *, content_type: str, metadata: Mapping[str, str], now_s: int) -> Self:
        """Return what is to be said of these bytes."""
        return cls(
            version=hashlib.sha256(body).hexdigest(),
            size=len(body),
            written_s=now_s,
            content_type=content_type,
            metadata=dict(metadata),
        )

    @classmethod
    def read(cls, file: BinaryIO) -> Self:
        """Read the line of an open file.

        Raises
        ------
        StorageUnavailable
            If it is no file of an object.
        """
        line = file.readline(_LONGEST_LINE)
        try:
            if not (line.startswith(_FORMAT) and line.endswith(b"\n")):
                raise ValueError("the first line is not an object's")  # noqa: TRY301
            return cls(**json.loads(line.removeprefix(_FORMAT)))
        except (ValueError, TypeError) as error:
            raise StorageUnavailable(f"{file.name} is damaged: {error}") from error

    @property
    def notes(self) -> ObjectNotes:
        modified_at = datetime.fromtimestamp(self.written_s, UTC)
        return ObjectNotes(metadata=self.metadata, modified_at=modified_at)

    def encoded(self) -> bytes:
        return _FORMAT + json.dumps(asdict(self)).encode("ascii") + b"\n"


def read_line(path: Path | str) -> ObjectLine:
    """Read what an object's file says of it; ``FileNotFoundError`` if there is none."""
    with open(path, "rb") as file:  # noqa: PTH123 - the fast one, and a page asks 1,000 times
        return ObjectLine.read(file)


def read_object(
    path: Path, *, max_bytes: int | None = None, unless_version: str | None = None
) -> StoredObject | None:
    """Read an object, whose bytes are as they were written; None if it has that version.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileTooLarge
        If it has more than ``max_bytes``; its body is not read then.
    StorageUnavailable
        If bytes are missing, or others.
    """
    with path.open("rb") as file:
        line = ObjectLine.read(file)
        if line.version == unless_version:
            return None
        check_size(line.size, max_bytes)
        body = file.read()
    if hashlib.sha256(body).hexdigest() != line.version:
        raise StorageUnavailable(f"{path} is damaged: {len(body)} of {line.size} bytes")
    return StoredObject(body=body, version=line.version, **vars(line.notes))


def write_file(path: Path, line: ObjectLine, body: bytes, *, now_ns: int) -> None:
    """Write a new file that only its user reads; on return its bytes are on the disk.

    Two files that were written at different times differ in their time, which the kernel alone
    would tell to some milliseconds.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "wb", buffering=0) as file:  # noqa: PTH123 - it is open already
        rest = memoryview(line.encoded() + body)
        while rest:
            rest = rest[file.write(rest) :]
        os.utime(handle, ns=(now_ns, now_ns))
        os.fsync(handle)
