"""Results that workers are about to store, until each is counted once.

A worker may be killed after it stored a result and before it counted it, or not hear that S3 has
stored it. The job's message comes back then, and whoever finds the result has to know whether it
was counted. So a worker leaves a mark before it stores a result, and stores the mark's name with
it. Who takes away the mark of that name counts the result. The marks lie beside the numbers that
processes share (`shared_numbers`), and so outlive the worker.
"""

import contextlib
import re
import secrets
import threading
import time
from pathlib import Path
from typing import Final

from cachetools import LRUCache

_SUFFIX: Final = ".uncounted"
_KEPT_S: Final = 24 * 3600.0
"""Longer than a message may be hidden, after which nobody asks for a mark."""
_MOST_KEPT: Final = 10_000
_NAME: Final = re.compile(r"[0-9a-f]{16}")


class Uncounted:
    """Marks of results that may be stored and are not counted; for many threads.

    Parameters
    ----------
    folder : Path or None
        Where marks lie that other processes may take; None for this process alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: LRUCache[str, str] = LRUCache(_MOST_KEPT)
        """Names of this process's marks, by their jobs."""
        self._lock = threading.Lock()

    def add(self, job_id: str) -> str:
        """Leave a mark, because a job's result is about to be stored; return its name.

        A mark that this process has left for the job, and nobody took, is used again.
        """
        with self._lock:
            name = self._own[job_id] = self._own.get(job_id) or secrets.token_hex(8)
            if self._folder is not None:
                with contextlib.suppress(OSError):  # a mark that can't be left costs a count
                    self._file(job_id, name).touch()
        return name

    def take(self, job_id: str, name: str) -> bool:
        """Take away a mark; tell whether it was there, and the caller is to count the result."""
        with self._lock:
            is_own = self._own.get(job_id) == name
            if is_own:
                del self._own[job_id]
            if self._folder is None or not _NAME.fullmatch(name):
                return is_own
            try:
                self._file(job_id, name).unlink()
            except OSError:
                return False
        return True

    def drop(self, job_id: str) -> None:
        """Take away this process's own mark, because the result of another is stored."""
        self.take(job_id, self._own.get(job_id, ""))

    def _file(self, job_id: str, name: str) -> Path:
        assert self._folder is not None  # noqa: S101 - its callers have looked
        return self._folder / f"{job_id}.{name}{_SUFFIX}"


def forget_old(folder: Path) -> None:
    """Remove the marks of results that were never stored."""
    oldest_s = time.time() - _KEPT_S
    for mark in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # taken meanwhile
            if mark.stat().st_mtime < oldest_s:
                mark.unlink()
