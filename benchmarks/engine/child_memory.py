"""Measure the memory of a worker and of its children; write docs/benchmarks/child-memory.json.

Usage: make child-memory, which takes half an hour. The numbers in
core/host/memory.py are this artifact's. Two children run at a time, as libraries that
they share are no child's own. Photos of every kind are made of the samples
(benchmarks/engine/large_photos.py), as large as the service accepts.
"""

import argparse
import json
import multiprocessing
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.engine.large_photos import large_photos
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.recognizers import build_pool
from core.bootstrap.worker import build_worker
from core.executors.process_pool import TimedPool
from core.faces.engines.profiles import PROFILES
from core.settings import Settings
from scripts.samples import SAMPLES

ROOT: Final = Path(__file__).parents[2]
CHILDREN: Final = 2
_LOADED: Final = "loaded"
_FORGET_PEAK: Final = "5"
"""What resets the largest size of a process; proc(5), clear_refs."""


def main() -> None:
    """Measure the worker and every engine."""
    options = _options()
    if options.worker:
        settings = _settings(options.models_dir)
        build_worker(settings, Infrastructure.on_aws(settings))
        print(memory_of("self")["Rss"])
        return
    measured = json.loads(options.out.read_text())["child_bytes"] if options.out.is_file() else {}
    worker_bytes = _worker_bytes(options.models_dir)
    for engine in options.engine or PROFILES:
        measured[engine] = measure(_settings(options.models_dir, face_engine=engine))
        artifact = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "system": f"{platform.system()} {platform.machine()}",
            "versions": {name: version(name) for name in ("numpy", "onnxruntime", "pillow")},
            "detector": "yunet" if list(options.models_dir.rglob("*yunet*")) else "mtcnn",
            "worker_bytes": worker_bytes,
            "child_bytes": measured,
        }
        options.out.write_text(json.dumps(artifact, indent=2) + "\n")


def measure(settings: Settings) -> dict[str, int]:
    """Return the most memory that a child had of its own, by what it looked at."""
    pool = build_pool(settings, processes=CHILDREN)
    pool.start()
    try:
        pids = [process.pid for process in multiprocessing.active_children() if process.pid]
        peaks = {_LOADED: max(_peak_bytes(pid) for pid in pids)}
        for stage, photos in _stages():
            for pid in pids:
                Path(f"/proc/{pid}/clear_refs").write_text(_FORGET_PEAK)
            _recognise_all(pool, photos)
            peaks[stage] = max(_peak_bytes(pid) for pid in pids)
            print(f"{settings.face_engine} {stage}: {peaks[stage] / 1e6:.0f} MB", flush=True)
        return peaks
    finally:
        pool.stop()


def _recognise_all(pool: TimedPool, photos: Sequence[bytes]) -> None:
    """Have every child recognise every photo, or nearly so: who is free takes the next."""
    with ThreadPoolExecutor(CHILDREN) as threads:
        for photo in photos:
            list(threads.map(pool.recognise, [photo] * CHILDREN))


def _stages() -> Iterator[tuple[str, list[bytes]]]:
    samples = sorted(SAMPLES.glob("*/*.jpg"))
    yield "samples", [sample.read_bytes() for sample in samples]
    for name, photo in large_photos(samples):
        yield name, [photo]


def _peak_bytes(pid: int) -> int:
    """Return the most that a process had in memory since it was reset, without what it shares."""
    now = memory_of(str(pid))
    shared = now["Rss"] - now["Private_Clean"] - now["Private_Dirty"]
    status = Path(f"/proc/{pid}/status").read_text()
    (peak_kb,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak_kb) * 1024 - shared


def memory_of(pid: str) -> dict[str, int]:
    """Return the sums of a process's mappings, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def _worker_bytes(models_dir: Path) -> int:
    command = [
        sys.executable,
        "-m",
        "benchmarks.engine.child_memory",
        "--worker",
        "--models-dir",
        str(models_dir),
    ]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _settings(models_dir: Path, **changes: str) -> Settings:
    return Settings(
        _env_file=None,
        face_models_dir=models_dir,
        worker_processes=CHILDREN,
        job_timeout_seconds=900,
        visibility_heartbeat_seconds=20,
        **changes,  # type: ignore[arg-type]
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models-dir", type=Path, default=ROOT / "var" / "models")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "benchmarks" / "child-memory.json"
    )
    parser.add_argument("--engine", choices=PROFILES, nargs="+", help="measure only these again")
    parser.add_argument("--worker", action="store_true", help="print a bare worker's memory")
    return parser.parse_args()


if __name__ == "__main__":
    main()
