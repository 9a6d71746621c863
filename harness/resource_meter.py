"""What work costs: processor time of processes, requests that LocalStack was asked."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import psutil

_LOOK_EVERY_S: Final = 0.2
_REQUEST: Final = re.compile(rb"AWS (\w+\.\w+) =>")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of processes and of all their children, those that ended too."""
    return sum(_tree_seconds(pid) for pid in pids)


def _tree_seconds(pid: int) -> float:
    seconds = 0.0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def unshared_mb(pid: int) -> float:
    """Return the memory in MB that would be free if this process alone ended."""
    try:
        return float(psutil.Process(pid).memory_full_info().uss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def tree_mb(pid: int) -> float:
    """Return the memory in MB of a process and all its children; what they share counts once."""
    total = 0.0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            total += float(process.memory_full_info().pss) / 1e6
    return total


class PeakMemory:
    """The most memory that a process and its children have at a time, as long as ``with`` lasts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.mb = 0.0
        """As `tree_mb` tells it, several times a second."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            self.mb = max(self.mb, tree_mb(self._pid))


def written_mb(pid: int) -> float:
    """Return the memory in MB that a process has written and not given back.

    Its private memory also grows when another process ends that had mapped
    the same pages of libraries; this does not.
    """
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.NoSuchProcess:
        return 0.0
    return float(memory.rss - memory.shared) / 1e6


class CpuMeter:
    """Processor seconds of named groups of processes, and of this one, since it was made."""

    def __init__(self, groups: Mapping[str, Iterable[int]]) -> None:
        self._groups = {name: tuple(pids) for name, pids in groups.items()}
        self._before = self._read()

    def seconds(self) -> dict[str, float]:
        now = self._read()
        return {name: now[name] - self._before[name] for name in now}

    def _read(self) -> dict[str, float]:
        groups = {name: cpu_seconds(pids) for name, pids in self._groups.items()}
        return {**groups, "clients": time.process_time()}


class RequestLog:
    """Counts the requests in LocalStack's log since this was made.

    The log is read in `follow`, often enough that it is rotated at most once in between.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._inode, self._read_to = self._now()
        self.counts: Counter[str] = Counter()
        """By service and operation, as ``s3.GetObject``."""

    def follow(self) -> None:
        """Count what was written since the last time."""
        inode, size = self._now()
        if inode != self._inode:
            self._count(self._log.with_name(f"{self._log.name}.1"))
            self._inode, self._read_to = inode, 0
        if size > self._read_to:
            self._count(self._log)

    def _now(self) -> tuple[int, int]:
        stat = self._log.stat()
        return stat.st_ino, stat.st_size

    def _count(self, log: Path) -> None:
        with log.open("rb") as lines:
            lines.seek(self._read_to)
            written = lines.read()
        complete = written[: written.rfind(b"\n") + 1]
        self._read_to += len(complete)
        self.counts.update(found.decode() for found in _REQUEST.findall(complete))
