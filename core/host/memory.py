"""How much memory this process may use, and how many children fit into it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

WORKER_BYTES: Final = 170_000_000
"""A worker without children and galleries: ``worker_bytes`` of
docs/benchmarks/child-memory.json, rounded up."""

CHILD_BYTES: Final = MappingProxyType(
    {
        "balanced": 450_000_000,
        "fast": 470_000_000,
        "accurate": 940_000_000,
        "dlib": 520_000_000,
    }
)
"""The most that one child had of its own, by engine: the largest of ``child_bytes``
in docs/benchmarks/child-memory.json, rounded up. Photos of every kind were as large as
the default of ``MAX_PIXELS`` lets them be."""

MEASURED_PIXELS: Final = 50_000_000
"""The default of ``MAX_PIXELS``, for which `CHILD_BYTES` hold."""

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")


def children_that_fit(*, cores: int, memory_bytes: int, engine: str) -> int:
    """Return how many children to start: one per core, or fewer if memory is short, at least 1.

    Parameters
    ----------
    cores : int
    memory_bytes : int
        For the worker and its children.
    engine : str
        One that was not measured counts as the largest: its networks are the user's.
    """
    child_bytes = CHILD_BYTES.get(engine, max(CHILD_BYTES.values()))
    return max(1, min(cores, (memory_bytes - WORKER_BYTES) // child_bytes))


def usable_memory_bytes(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int:
    """Return the memory left by other programs and by the container's limits.

    What is available counts, not what is built in: the web tier on the same
    machine, for one, holds its part for good, and the kernel would kill a child
    for what is missing.
    """
    bounds = [*_available_bytes(proc / "meminfo"), *_limits_bytes(proc / "self/cgroup", cgroups)]
    return min(bounds, default=sys.maxsize)


def _available_bytes(meminfo: Path) -> Iterator[int]:
    for line in _lines(meminfo):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _limits_bytes(membership: Path, cgroups: Path) -> Iterator[int]:
    """Yield the limits of this process's cgroup and of those around it, versions 1 and 2."""
    for line in _lines(membership):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = base / path.strip("/")
        # In a container the path may be the host's; then only the base exists.
        for each in (group, *group.parents):
            yield from _limit_bytes(each / name)
            if each == base:
                break


def _limit_bytes(file: Path) -> Iterator[int]:
    for text in _lines(file):
        if text.isdecimal():  # not "max"
            yield int(text)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
