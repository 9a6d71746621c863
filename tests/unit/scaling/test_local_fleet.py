"""A fleet of processes, with small programs in the place of workers."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.scaling.local_fleet import LocalWorkers
from core.testing import ManualClock
from harness.waiting import wait_until

OBEDIENT = (
    "import signal, sys; signal.signal(15, lambda *_: sys.exit()); print(flush=True); "
    "signal.pause()"
)
BUSY = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
BROKEN = "raise SystemExit(2)"

NewFleet = Callable[[str], LocalWorkers]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "workers.log"


@pytest.fixture
def new_fleet(clock: ManualClock, output: Path) -> Iterator[NewFleet]:
    fleets: list[LocalWorkers] = []
    with output.open("ab") as log:

        def make(program: str) -> LocalWorkers:
            command = [sys.executable, "-S", "-c", program]
            fleets.append(LocalWorkers(command, drain_s=20, output=log, clock=clock))
            return fleets[-1]

        yield make
        for fleet in fleets:
            fleet.scale_to(0)
            clock.advance(100)
            fleet.close()


def started(fleet: LocalWorkers, output: Path, workers: int) -> list[int]:
    """Scale out from zero and wait until all handle signals; return their ids."""
    fleet.scale_to(workers)
    wait_until(lambda: len(output.read_bytes().splitlines()) >= workers)
    return fleet.pids


def test_newest_workers_are_told_to_stop(new_fleet: NewFleet, output: Path) -> None:
    fleet = new_fleet(OBEDIENT)
    oldest, *others = started(fleet, output, 3)

    fleet.scale_to(1)

    assert (fleet.count(), fleet.pids) == (1, [oldest])
    wait_until(lambda: fleet.count() == 1 and not any(map(psutil.pid_exists, others)))


def test_worker_that_died_is_replaced(
    new_fleet: NewFleet, output: Path, clock: ManualClock
) -> None:
    fleet = new_fleet(OBEDIENT)
    dead, other = started(fleet, output, 2)
    clock.advance(100)

    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: fleet.count() == 1)
    fleet.scale_to(2)

    assert fleet.count() == 2
    assert other in fleet.pids
    assert dead not in fleet.pids


def test_worker_that_cannot_start_is_tried_again_after_growing_pauses(
    new_fleet: NewFleet, clock: ManualClock
) -> None:
    fleet = new_fleet(BROKEN)

    pauses_s: list[int] = []
    for _ in range(4):
        fleet.scale_to(1)
        wait_until(lambda: fleet.count() == 0)
        fleet.scale_to(1)
        waited_s = 0
        while not fleet.pids:
            clock.advance(1)
            waited_s += 1
            fleet.scale_to(1)
        pauses_s.append(waited_s)
        wait_until(lambda: fleet.count() == 0)
        clock.advance(60)

    assert pauses_s[0] < pauses_s[1] < pauses_s[2]


def test_draining_worker_is_not_killed_before_its_time(
    new_fleet: NewFleet, output: Path, clock: ManualClock
) -> None:
    fleet = new_fleet(BUSY)
    (pid,) = started(fleet, output, 1)

    fleet.scale_to(0)
    clock.advance(19)
    assert fleet.count() == 0
    assert psutil.pid_exists(pid)

    clock.advance(1)
    fleet.count()
    assert not psutil.pid_exists(pid)


def test_close_waits_for_workers_to_drain(new_fleet: NewFleet, output: Path) -> None:
    fleet = new_fleet(OBEDIENT)
    pids = started(fleet, output, 2)

    fleet.close()

    assert not any(map(psutil.pid_exists, pids))
