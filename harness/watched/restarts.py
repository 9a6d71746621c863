"""Restarts a web process and a worker often, and measures what the numbers cost to show.

    python -m harness.watched.restarts [--restarts 200] [--artifact FILE]

Each one is killed as soon as it has counted something, so that its files are left behind. The time
of a scrape, the files of the folder and the memory of the process that shows them are measured
before, on the way and in the end. Exit code 0 when the median scrape stays within 50 ms, the files
are as many as before, and the memory has grown by less than 5 MB.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from harness.home.home_stack import HomeStack
from harness.localstack import ROOT, free_port
from harness.processes import WorkerProcess, web_processes
from harness.report import machine, measured_at
from harness.waiting import wait_until
from harness.watched.shown_numbers import ShownNumbers

ARTIFACT: Final = ROOT / "docs/benchmarks/restarts.json"
MOST_MS: Final = 50
MOST_GROWTH_MB: Final = 5
_SCRAPES: Final = 15
_LOOKS: Final = 4
_PATIENCE_S: Final = 60
_MB: Final = 2**20


@dataclass(frozen=True, kw_only=True)
class Look:
    """What showing the numbers costs after some restarts."""

    restarts: int
    scrape_ms: float
    files: int
    series: int
    memory_mb: float


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A folder of numbers, and the process that shows it at an address."""

    folder: Path
    process: psutil.Process
    address: str

    def look(self, restarts: int) -> Look:
        took_ms = []
        for _ in range(_SCRAPES):
            began_s = time.perf_counter()
            text = requests.get(self.address, timeout=10).text
            took_ms.append(1000 * (time.perf_counter() - began_s))
        return Look(
            restarts=restarts,
            scrape_ms=round(statistics.median(took_ms), 1),
            files=len(list(self.folder.iterdir())),
            series=text.count("\nefr_"),
            memory_mb=round(self.process.memory_info().rss / _MB, 1),
        )

    def has_file_of(self, pid: int) -> bool:
        return any(self.folder.glob(f"counter_{pid}.db"))


def series_of(shown: Shown, restart: Callable[[], None], restarts: int) -> list[Look]:
    """Restart as often as told, and look several times on the way."""
    looks = [shown.look(0)]
    for number in range(1, restarts + 1):
        restart()
        if number % max(1, restarts // _LOOKS) == 0:
            looks.append(shown.look(number))
        else:
            requests.get(shown.address, timeout=10)
    return looks


def web_looks(stack: HomeStack, restarts: int) -> list[Look]:
    """Kill the only web process again and again, once it has answered."""
    tier = psutil.Process(stack.web.pid)
    process = next(each for each in tier.children() if "exposition" in " ".join(each.cmdline()))
    *_, folder, _web = process.cmdline()
    shown = Shown(
        folder=Path(folder),
        process=process,
        address=f"http://127.0.0.1:{stack.settings.metrics_port}/metrics",
    )

    def restart() -> None:
        victims = web_processes(tier.pid)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: (
                _is_up(stack.address)
                and any(map(shown.has_file_of, {*web_processes(tier.pid)} - {*victims}))
            ),
            seconds=_PATIENCE_S,
            what="the next web process",
        )

    return series_of(shown, restart, restarts)


def worker_looks(stack: HomeStack, folder: Path, restarts: int) -> list[Look]:
    """Start worker after worker that shares one folder, and kill each once it counts."""
    with ShownNumbers(folder / "exposition.log") as numbers:
        process = numbers.show(stack.settings)
        shown = Shown(folder=numbers.folder, process=process, address=numbers.address)

        def restart() -> None:
            worker = WorkerProcess(
                stack.settings, folder / "workers.log", PROMETHEUS_MULTIPROC_DIR=str(numbers.folder)
            )
            wait_until(
                lambda: shown.has_file_of(worker.pid), seconds=_PATIENCE_S, what="a worker's file"
            )
            descendants = psutil.Process(worker.pid).children(recursive=True)
            for each in (psutil.Process(worker.pid), *descendants):
                each.send_signal(signal.SIGKILL)
            worker.wait()

        restart()
        return series_of(shown, restart, restarts)


def is_bounded(looks: list[Look]) -> bool:
    """Tell whether the last look costs no more than it may."""
    first, last = looks[0], looks[-1]
    return (
        last.scrape_ms <= MOST_MS
        and last.files <= first.files + 2  # what is added up of ended processes
        and last.memory_mb - first.memory_mb < MOST_GROWTH_MB
    )


def run(folder: Path, *, restarts: int, models_dir: Path) -> dict[str, list[Look]]:
    """Restart both kinds at the same time."""
    own: dict[str, Any] = {"face_models_dir": models_dir, "metrics_port": free_port()}
    with (
        HomeStack(folder / "service", workers=0, web_processes=1, worker_processes=1, **own) as on,
        ThreadPoolExecutor(2) as both,
    ):
        web = both.submit(web_looks, on, restarts)
        workers = both.submit(worker_looks, on, folder, restarts)
        return {"web": web.result(), "workers": workers.result()}


def _is_up(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.RequestException:
        return False


def main() -> int:
    """Run it and print the report; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--restarts", type=int, default=200, help="of each kind")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    about = {"measured_at": measured_at(), "machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        looks = run(Path(folder), restarts=options.restarts, models_dir=ROOT / "var/models")
    kept = all(map(is_bounded, looks.values()))
    made = {
        **about,
        **{kind: [asdict(look) for look in seen] for kind, seen in looks.items()},
        "kept": kept,
    }
    print(json.dumps(made, indent=1))
    options.artifact.write_text(json.dumps(made, indent=1) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
