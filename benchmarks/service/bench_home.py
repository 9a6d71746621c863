"""Compare a home on one machine with LocalStack; writes docs/benchmarks/home.json.

    python -m benchmarks.service.bench_home

The same service, a web process and a worker with two children, runs on both. Bursts of photos are
uploaded to them in turn.
"""

import argparse
import io
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from PIL import Image

from core.settings import Settings
from harness.localstack import ROOT, free_port
from harness.processes import WebProcess, WorkerProcess
from harness.report import machine, measured_at
from harness.resource_meter import cpu_seconds
from harness.stack import Stack
from harness.waiting import wait_until
from scripts.samples import SAMPLES

ARTIFACT: Final = ROOT / "docs/benchmarks/home.json"
SIZES: Final = {"250 × 250": (250, 250), "one megapixel": (1000, 1000)}
CLIENTS: Final = 4
_SETTINGS: Final[dict[str, Any]] = {
    "auth": "off",
    "web_processes": 1,
    "worker_processes": 2,
    "face_models_dir": ROOT / "var" / "models",
    "result_cache_seconds": 0,
    "rate_limit_recognition": "off",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A running service, and its processes by what they do."""

    address: str
    pids: Mapping[str, int]

    def burst(self, photos: list[bytes]) -> dict[str, float]:
        """Upload photos and wait for all results; return the costs of one."""
        before, began_s = self.worked(), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            jobs = list(clients.map(self.upload, photos))
            for job_id in jobs:
                wait_until(lambda job_id=job_id: self.has_ended(job_id), every_s=0.02)  # type: ignore[misc]
        took_s = time.perf_counter() - began_s
        worked = {name: s - before[name] for name, s in self.worked().items()}
        return {"photos_per_s": len(photos) / took_s} | {
            f"{name}_ms": s / len(photos) * 1000 for name, s in worked.items()
        }

    def one(self, photo: bytes) -> float:
        """Return the milliseconds in which one client has an answer."""
        began_s = time.perf_counter()
        answer = requests.post(f"{self.address}/", files={"inputFile": photo}, timeout=60)
        answer.raise_for_status()
        return (time.perf_counter() - began_s) * 1000

    def upload(self, photo: bytes) -> str:
        """Leave a photo in the queue; return its job."""
        answer = requests.post(
            f"{self.address}/",
            files={"inputFile": ("photo.jpg", photo)},
            headers={"Prefer": "respond-async"},
            timeout=60,
        )
        answer.raise_for_status()
        return str(answer.json()["job_id"])

    def has_ended(self, job_id: str) -> bool:
        """Ask for the job's result; tell whether there is one."""
        found = requests.get(f"{self.address}/status/{job_id}", timeout=60).json()
        return bool(found["status"] != "pending")

    def worked(self) -> dict[str, float]:
        """Return the processor seconds of each process and its children until now."""
        return {name: cpu_seconds([pid]) for name, pid in self.pids.items()}


def main() -> None:
    """Measure in turn and write the artifact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=80)
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    written: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "var") as folder,
        on_localstack(Path(folder)) as aws,
        on_home(Path(folder)) as home,
    ):
        places = {"home": home, "localstack": aws}
        found = {
            size: compared(places, photos(pixels), options.rounds, options.photos)
            for size, pixels in SIZES.items()
        }
    written |= {"rounds": options.rounds, "photos": options.photos, "sizes": found}
    options.artifact.write_text(json.dumps(written, indent=1) + "\n")
    print(json.dumps(written, indent=1))


def compared(
    places: Mapping[str, Place], sent: Iterator[bytes], rounds: int, burst: int
) -> dict[str, dict[str, float]]:
    """Return the medians of each place over rounds of bursts, after one that does not count."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in places}
    for _ in range(rounds + 1):
        for name, place in places.items():
            costs = place.burst(list(itertools.islice(sent, burst)))
            costs["one_client_ms"] = statistics.median(place.one(next(sent)) for _ in range(9))
            seen[name].append(costs)
    return {
        name: {cost: round(statistics.median(c[cost] for c in all_of[1:]), 2) for cost in all_of[0]}
        for name, all_of in seen.items()
    }


def photos(size: tuple[int, int]) -> Iterator[bytes]:
    """Yield photos of one face, each with other bytes."""
    with Image.open(SAMPLES / "Barack Obama" / "obama.jpg") as sample:
        photo = sample.convert("RGB").resize(size)
    for number in itertools.count():
        body = io.BytesIO()
        photo.save(body, "JPEG", quality=90, comment=str(number).encode())
        yield body.getvalue()


@contextmanager
def on_localstack(folder: Path) -> Iterator[Place]:
    with Stack(folder / "localstack", workers=1, **_SETTINGS) as stack:
        yield Place(
            address=stack.address,
            pids={
                "web": stack.web.pid,
                "worker": stack.workers[0].pid,
                "localstack": stack.localstack.pid,
            },
        )


@contextmanager
def on_home(folder: Path) -> Iterator[Place]:
    settings = Settings(
        _env_file=None,
        storage=f"file://{folder}/home",
        queue=f"sqlite://{folder}/home/queues.sqlite",
        web_port=free_port(),
        **_SETTINGS,
    )
    web = WebProcess(settings, folder / "web.log")
    worker = WorkerProcess(settings, folder / "worker.log")
    stops: list[Callable[[], None]] = [worker.stop, web.stop]
    try:
        worker.started()
        yield Place(address=web.started().address, pids={"web": web.pid, "worker": worker.pid})
    finally:
        for stop in stops:
            stop()


if __name__ == "__main__":
    main()
