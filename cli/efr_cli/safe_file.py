"""A file that is whole, or is not there."""

import errno
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_NOT_FOR_FOLDERS: Final = (errno.EINVAL, errno.ENOTSUP)
"""What file systems of a network may answer."""
_NO_NAMELESS: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
_OWNER: Final = 0o600
_OPEN_FILES: Final = Path("/proc/self/fd")


@contextmanager
def safe_file(file: Path, *, name: Callable[[], Path] | None = None) -> Iterator[IO[bytes]]:
    """Give a file to write to, which gets its name once it is on the disk.

    ``name`` is asked then, if it is given, for another one in the same folder.

    Only its owner may read it: faces are biometric data. What had the name before stays until then,
    also if the block raises. A process that is killed meanwhile leaves nothing, where the file
    system has files without names. A pipe or a device gets the bytes at once.
    """
    if file.exists() and not file.is_file():
        with file.open("wb") as pipe:
            yield pipe
        return
    with _nameless(file.parent) as sink:
        if sink is not None:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
            _name(sink, file if name is None else name())
    if sink is None:
        with _named(file, name) as draft:
            yield draft
    _sync(file.parent)


@contextmanager
def _nameless(folder: Path) -> Iterator[IO[bytes] | None]:
    """Open a file without a name, which goes with this process if it is killed.

    None where the file system has no such files, as those of a network.
    """
    if not _OPEN_FILES.is_dir():  # it could get no name
        yield None
        return
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_WRONLY, _OWNER)
    except OSError as error:
        if error.errno not in _NO_NAMELESS:
            raise
        yield None
        return
    with os.fdopen(handle, "wb") as sink:
        yield sink


def _name(sink: IO[bytes], file: Path) -> None:
    """Give a name to a file without one, in one step."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    folder = os.open(file.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        # With a folder's number, os.link() follows the link in /proc.
        os.link(_OPEN_FILES / str(sink.fileno()), draft.name, dst_dir_fd=folder)
        draft.replace(file)
    finally:
        os.close(folder)
        draft.unlink(missing_ok=True)


@contextmanager
def _named(file: Path, name: Callable[[], Path] | None) -> Iterator[IO[bytes]]:
    """Open a file with a name of its own, and give it the right one at the end."""
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
