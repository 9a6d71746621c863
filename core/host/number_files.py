"""Files of numbers that many processes share; one that can't be written costs its numbers only.

prometheus-client maps each file into memory and lets it have holes. If the folder is full then,
writing a number ends the process by SIGBUS. So space is reserved before it is used, and a process
that gets none goes on in memory of its own, which nobody else is shown.
"""

import contextlib
import logging
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

log = logging.getLogger(__name__)

_FIRST_BYTES: Final = 1 << 16
_AROUND_KEY: Final = 28
"""Bytes that a number takes beside its name, at most."""


class NumberFile(MmapedDict):
    """Numbers by name, in a file or, where that is impossible, in memory.

    ``is_shown`` tells which.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self.is_shown = True
        try:
            if not read_mode:
                _make(Path(filename))
            super().__init__(filename, read_mode)
        except OSError as error:
            self._note(error)
            with _memory() as place:
                super().__init__(place)

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _AROUND_KEY > self._capacity:
            try:
                os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
            except OSError as error:
                self._move(error)
        super()._init_value(key)

    def _move(self, reason: OSError) -> None:
        """Go on in memory with what was counted; the file stays as it is."""
        self._note(reason)
        with _memory() as place:
            moved = Path(place).open("a+b")  # noqa: SIM115 - as long as the process counts
        moved.write(self._m[:])
        moved.flush()
        self._f.close()
        self._f, self._m = moved, mmap.mmap(moved.fileno(), self._capacity)

    def _note(self, reason: OSError) -> None:
        self.is_shown = False
        log.warning("numbers of a process are not shown", extra={"reason": str(reason)})


def use_number_files() -> None:
    """Have metrics that are made from now on write such files."""
    values.MmapedDict = NumberFile  # type: ignore[attr-defined]


def write_numbers(file: Path, numbers: Mapping[str, float]) -> bool:
    """Write a whole file in one step; tell whether there was space for it."""
    draft = file.with_suffix(".draft")
    written = NumberFile(str(draft))
    for key, value in numbers.items():
        written.write_value(key, value, 0.0)
    is_whole = written.is_shown
    written.close()
    if is_whole:
        draft.replace(file)
    else:
        draft.unlink(missing_ok=True)
    return is_whole


def _make(file: Path) -> None:
    """Make a file with space for its first numbers, in one step, unless it is there."""
    if file.exists():
        return
    new = file.with_suffix(".new")
    try:
        with new.open("ab") as opened:
            os.posix_fallocate(opened.fileno(), 0, _FIRST_BYTES)
        new.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


@contextlib.contextmanager
def _memory() -> Iterator[str]:
    """Yield the path of a file that is in no folder."""
    number = os.memfd_create("numbers", os.MFD_CLOEXEC)
    try:
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)
