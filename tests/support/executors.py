"""Both kinds of children that recognise, for tests of what they have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from core.executors.pool import WarmPool
from core.executors.process_pool import TimedPool
from core.executors.ray_pool import RayPool
from core.ports import Recognizer

_START_S: Final = 240.0
"""Far longer than an actor takes to start where four processes test on two busy cores."""


@dataclass(frozen=True, kw_only=True)
class Executor:
    """A way to run recognisers; ``mark`` is in the command of its children.

    ``are_own`` says that they are children of the process itself, as those of the services that
    it has started are not.
    """

    mark: str
    are_own: bool
    build: Callable[[Callable[[], Recognizer], int, float], WarmPool]

    def pool(
        self, load: Callable[[], Recognizer], *, processes: int = 1, timeout_s: float
    ) -> WarmPool:
        return self.build(load, processes, timeout_s)

    def children(self, of: psutil.Process | None = None) -> set[int]:
        """Return the pids of the children that recognise, by default this process's."""
        family = (of or psutil.Process()).children(recursive=not self.are_own)
        return {child.pid for child in family if self.mark in command(child)}


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has just ended
        return ""


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


PROCESSES: Final = Executor(
    mark="multiprocessing.spawn",
    are_own=True,
    build=lambda load, count, timeout_s: TimedPool(load, processes=count, timeout_s=timeout_s),
)


def on_ray(address: str | None = None) -> Executor:
    """Return the executor of a cluster, or of one that each pool starts for itself."""
    return Executor(
        mark="ray::_Recognising",
        are_own=False,
        build=lambda load, count, timeout_s: RayPool(
            lambda: load,
            actors=count,
            timeout_s=timeout_s,
            start_timeout_s=_START_S,
            address=address,
        ),
    )
