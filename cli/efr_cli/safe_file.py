"""A file that is whole, or is not there."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_NOT_FOR_FOLDERS: Final = (errno.EINVAL, errno.ENOTSUP)
"""What file systems of a network may answer."""


@contextmanager
def safe_file(file: Path, *, name: Callable[[], Path] | None = None) -> Iterator[IO[bytes]]:
    """Give a file to write to, which gets its name once it is on the disk.

    ``name`` is asked then, if it is given, for another one in the same folder.

    Only its owner may read it: faces are biometric data. What had the name before stays until then,
    also if the block raises. A pipe or a device gets the bytes at once.
    """
    if file.exists() and not file.is_file():
        with file.open("wb") as sink:
            yield sink
        return
    handle, drafted = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(drafted)
    try:
        with os.fdopen(handle, "wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(file if name is None else name())
    finally:
        draft.unlink(missing_ok=True)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    """Return when the names in a folder are on the disk, too, where that can be asked for."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # one into which files may be put, and no more
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(handle)
