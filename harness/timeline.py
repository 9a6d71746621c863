"""What is to be seen over the time of a run: queues, workers, memory, requests."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import psutil

from core.errors import ServiceUnavailable
from core.scaling.policy import Depth
from harness.resource_meter import RequestLog, unshared_mb, written_mb

_WARM_S: Final = 180.0
"""Memory is compared from then on: galleries and libraries are loaded by now."""
_MAINS_OF_WORKERS: Final = {"app-tier/backend.py", "core.bootstrap.run_worker"}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One look; seconds since the run began, memory in MB.

    ``workers`` are the running ones, ``parent_mb`` is the memory that the largest of
    them shares with nobody, without its children, and ``written_mb`` what it has written.
    """

    at_s: float
    visible: int | None
    in_flight: int | None
    workers: int
    parent_mb: float
    written_mb: float


class Timeline:
    """Looks at regular intervals from ``with`` on, in a thread of its own.

    Parameters
    ----------
    depth : callable
        Counts the messages of all queues of jobs.
    workers : callable
        Returns the worker daemons that run.
    requests : RequestLog, optional
        Is followed meanwhile.
    every_s : float
    """

    def __init__(
        self,
        depth: Callable[[], Depth],
        *,
        workers: Callable[[], list[int]],
        requests: RequestLog | None = None,
        every_s: float = 1.0,
    ) -> None:
        self._depth = depth
        self._workers = workers
        self._requests = requests
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began_s = time.monotonic()
        self.moments: list[Moment] = []

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._requests:
            self._requests.follow()

    def as_list(self) -> list[dict[str, Any]]:
        return [
            asdict(moment)
            | {
                "at_s": round(moment.at_s, 2),
                "parent_mb": round(moment.parent_mb),
                "written_mb": round(moment.written_mb),
            }
            for moment in self.moments
        ]

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self.moments.append(self._look())
            if self._requests:
                self._requests.follow()

    def _look(self) -> Moment:
        try:
            depth = self._depth()
        except ServiceUnavailable:
            depth = None
        pids = self._workers()
        return Moment(
            at_s=time.monotonic() - self._began_s,
            visible=depth.visible if depth else None,
            in_flight=depth.in_flight if depth else None,
            workers=len(pids),
            parent_mb=max(map(unshared_mb, pids), default=0.0),
            written_mb=max(map(written_mb, pids), default=0.0),
        )


def workers_below(pids: list[int]) -> list[int]:
    """Return the worker daemons among processes and their descendants."""
    found = []
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found += [p.pid for p in (root, *root.children(recursive=True)) if _is_worker(p)]
        except psutil.NoSuchProcess:
            continue
    return found


def _is_worker(process: psutil.Process) -> bool:
    try:
        return not _MAINS_OF_WORKERS.isdisjoint(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def memory_growth(moments: Sequence[Moment]) -> dict[str, float]:
    """Return how much the parent grew, in MB: its last minute against its first, once warm."""
    warm = [m.written_mb for m in moments if m.at_s >= _WARM_S and m.written_mb]
    if len(warm) < 2:
        return {}
    minute = min(60, len(warm) // 2)
    first, last = statistics.median(warm[:minute]), statistics.median(warm[-minute:])
    return {
        "warm_mb": round(first, 1),
        "last_mb": round(last, 1),
        "growth_mb": round(last - first, 1),
    }
