"""A folder of numbers, of processes that come and go together.

Those of the web tier, or the workers of one machine, write what they count to files of one folder
(prometheus-client's "multiprocess mode"). What a process has counted stays when it ends.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.host.uncounted import forget_old

if TYPE_CHECKING:
    from prometheus_client import Metric

log = logging.getLogger(__name__)

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "efr-numbers-"
_YOUNG_S: Final = 60.0
"""A folder that was made or changed since then is left alone."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - mkdtemp makes what is ours there
_ENDED: Final = "0"
"""Stands for the process id in the files of processes that have ended."""


class SharedNumbers:
    """The numbers in a folder's files; those of processes that ended are added up in one file.

    Else a scrape would take longer with each process that ever was there, and the folder grow.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def collect(self) -> Iterable["Metric"]:
        from prometheus_client.multiprocess import MultiProcessCollector

        if not self._folder.is_dir():  # a scrape that fails fires an alert
            raise FileNotFoundError(f"the folder of numbers is gone: {self._folder}")
        forget_old(self._folder)  # nobody else comes by as regularly
        with self._lock:  # who reads between the two steps of an addition would see a sum twice
            self._add_ended()
            return list(MultiProcessCollector(None, str(self._folder)).collect())

    def _add_ended(self) -> None:
        for file in sorted(self._folder.glob("*.db")):
            kind, _, process = file.stem.rpartition("_")
            if process == _ENDED or _is_there(int(process)):
                continue
            if kind.startswith("gauge") or self._add(file, self._folder / f"{kind}_{_ENDED}.db"):
                file.unlink()

    def _add(self, file: Path, sums: Path) -> bool:
        """Add the numbers of a file to the sums; tell whether there was space for them."""
        from prometheus_client.mmap_dict import MmapedDict

        from core.host.number_files import write_numbers

        added: defaultdict[str, float] = defaultdict(float)
        for each in filter(Path.exists, (sums, file)):
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(each)):
                added[key] += value
        return write_numbers(sums, added)


def share_numbers() -> Path | None:
    """Return a fresh folder, to which this process and those that it starts write from now on.

    Before `metrics()` is called: it must be known by then. The caller removes it at the end. What
    callers left that were killed is removed here. None if no folder can be made: that costs the
    numbers, and not the service.
    """
    parent = Path(_SHARED_MEMORY)
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        log.warning("metrics are not shown", extra={"reason": str(error)})
        return None
    _hold(folder)
    os.environ[_FOLDER] = str(folder)  # noqa: TID251 - where the library looks for it
    return folder


def shared_folder() -> Path | None:
    """Return the folder to which this process writes, shown by another one; None without any."""
    folder = os.environ.get(_FOLDER)  # noqa: TID251 - not a setting
    return None if folder is None else Path(folder)


def remove(folder: Path) -> None:
    """Remove a folder of numbers."""
    shutil.rmtree(folder, ignore_errors=True)


def _hold(folder: Path) -> None:
    """Hold a folder as long as this process lives, or one that it forks."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(held, fcntl.LOCK_SH)  # it is never closed


def _remove_if_left(folder: Path) -> None:
    """Remove a folder that no process holds any more, unless it may not be held yet."""
    with contextlib.suppress(OSError):  # another user's, or removed meanwhile
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if time.time() - os.fstat(handle).st_ctime < _YOUNG_S:
                return
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
        finally:
            os.close(handle)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
