"""Measure memory and speed of the worker's children in both executors; write the artifact.

Usage: python -m benchmarks.service.bench_executors [--photos FOLDER] [--children 4]

Each executor runs in a process of its own that is joined as the worker's is, one
after the other. All children recognise at once; memory is read while they are idle.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.service.bench_sharing import WAYS, measured_sharing
from core.bootstrap.recognizers import build_executor
from core.executors.pool import WarmPool
from core.settings import Settings

_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
_EXECUTORS: Final = ("processes", "ray")


def main() -> None:
    """Measure one executor if it is named, or else both in turn, several times."""
    options = _options()
    if options.executor:
        print(json.dumps(_measured(options)))
        return
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in _EXECUTORS}
    load_before = os.getloadavg()[0]
    for _ in range(options.rounds):
        for name, results in rounds.items():
            results.append(_in_own_process(name))
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "load_before": round(load_before, 2),
        },
        "versions": {name: version(name) for name in ("ray", "onnxruntime", "pebble", "numpy")},
        "children": options.children,
        "photos": len(_photos(options.photos)),
        "repetitions": options.repetitions,
        "executors": {name: _middle(results) for name, results in rounds.items()},
        "sharing": {
            network: {way: measured_sharing(options.models_dir, network, way) for way in WAYS}
            for network in ("resnet-int8", "resnet")
        },
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, default=Path("var/samples"))
    parser.add_argument("--models-dir", type=Path, default=Path("var/models"))
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=40, help="of every photo")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--executor", choices=_EXECUTORS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/executors.json"))
    return parser.parse_args()


def _photos(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)


def _in_own_process(executor: str) -> dict[str, Any]:
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.service.bench_executors",
            *sys.argv[1:],
            "--executor",
            executor,
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    settings = Settings(
        executor=options.executor,
        worker_processes=options.children,
        face_models_dir=options.models_dir,
    )
    photos = [photo.read_bytes() for photo in _photos(options.photos)]
    started = time.monotonic()
    pool = build_executor(settings, children=options.children)
    pool.start()
    start_s = time.monotonic() - started
    _recognise_all(pool, photos, children=options.children)  # every child is warm then
    started = time.monotonic()
    _recognise_all(pool, photos * options.repetitions, children=options.children)
    seconds = time.monotonic() - started
    memory = _memory()
    pool.stop()
    return {
        "start_s": round(start_s, 2),
        "photos_per_s": round(len(photos) * options.repetitions / seconds, 2),
        **memory,
    }


def _recognise_all(pool: WarmPool, photos: list[bytes], *, children: int) -> None:
    with ThreadPoolExecutor(children) as threads:
        for _ in threads.map(pool.recognise, photos):
            pass


def _memory() -> dict[str, Any]:
    """Return the memory of the children, and of all else that their executor needs."""
    family = psutil.Process().children(recursive=True)
    children = [one for one in family if _recognises(one)]
    others = [one for one in family if one not in children]
    return {
        "children": _sums(children),
        "others": _sums(others),
        "names_of_others": sorted(one.name() for one in others),
        "worker": _sums([psutil.Process()]),
    }


def _recognises(process: psutil.Process) -> bool:
    command = " ".join(process.cmdline())
    return "spawn_main" in command or "ray::_Recognising" in command


def _sums(processes: list[psutil.Process]) -> dict[str, float]:
    """Return sums in megabytes; PSS counts each shared page once for all who share it."""
    memory = [process.memory_full_info() for process in processes]
    sums = {name: sum(getattr(one, name) for one in memory) for name in ("pss", "uss", "rss")}
    return {"count": len(memory)} | {f"{name}_mb": round(sums[name] / 1e6, 1) for name in sums}


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the round of median speed, with the range of speeds."""
    speeds = [one["photos_per_s"] for one in rounds]
    middle = rounds[speeds.index(statistics.median_low(speeds))]
    return middle | {"photos_per_s_range": [min(speeds), max(speeds)]}


if __name__ == "__main__":
    main()
