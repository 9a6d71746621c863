"""A file that is whole, or is not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def safe_file(file: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to, which gets its name once it is on the disk.

    Only its owner may read it: faces are biometric data. What had the name before stays until then,
    also if the block raises. A pipe or a device gets the bytes at once.
    """
    if file.exists() and not file.is_file():
        with file.open("wb") as sink:
            yield sink
        return
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    """Return when the names in a folder are on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
