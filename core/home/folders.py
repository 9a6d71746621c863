"""Folders that only their user reads, whose changes outlast the loss of power."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import StorageUnavailable

LOCKED_FOR_S: Final = 10.0
"""Far longer than anyone has a lock, unless that process stands still."""
_LOOK_AGAIN_S: Final = 0.002


def make_folder(path: Path, *, below: Path) -> None:
    """Make a folder and those above it, down from one that is there."""
    if path != below and not path.is_dir():
        make_folder(path.parent, below=below)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)


def keep_entries(folder: Path, *, below: Path) -> None:
    """Bring the names in a folder to the disk, and the folder itself, down from one above it."""
    for each in (folder, *folder.parents):
        with suppress(FileNotFoundError):  # removed meanwhile, empty
            _sync(each)
        if each == below:
            return


def keep_place(folder: Path) -> None:
    """Bring a folder's names to the disk, and its own way there, as far up as this user may read.

    Each start does so: who made the folders above may have been killed before they were kept.
    """
    device = folder.stat().st_dev
    for each in (folder, *folder.parents):
        if each.stat().st_dev != device:
            return
        try:
            _sync(each)
        except PermissionError:
            if each == folder:
                raise
            return


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_empty(folder: Path, *, below: Path) -> Path:
    """Remove a folder if it is empty, and then those above it; return the first that stays."""
    while folder != below:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return folder
        folder = folder.parent
    return folder


@contextmanager
def locked(path: Path, *, patience_s: float = LOCKED_FOR_S) -> Iterator[None]:
    """Have a lock that one thread of this machine has at a time, and nobody who is dead.

    Raises
    ------
    StorageUnavailable
        If another one has it for longer than the patience.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up_s = time.monotonic() + patience_s
        while not _has_locked(handle):
            if time.monotonic() > give_up_s:
                raise StorageUnavailable(f"{path} is locked by a process that stands still")
            time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(handle)


def _has_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
