"""The service that is measured: without metrics, with them, or with traces too."""

import itertools
import signal
import statistics
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from benchmarks.service.bench_home import Place, photos
from core.settings import Settings
from harness.collectors.traces import TraceSink
from harness.localstack import ROOT, free_port
from harness.processes import Process, WebProcess
from harness.resource_meter import cpu_seconds
from harness.waiting import wait_until

VARIANTS: Final = ("off", "metrics", "traces")
SAMPLE: Final = 0.1
SCRAPED_EVERY_S: Final = 5.0
_CLIENTS: Final = 2
_PAUSE_S: Final = 0.25
_LONG_S: Final = 3600
_SETTINGS: Final[dict[str, Any]] = {
    "auth": "off",
    "web_processes": 1,
    "max_workers": 1,
    "worker_processes": 1,
    "scale_in_cooldown_seconds": _LONG_S,
    "sqs_wait_time_seconds": 1,  # a worker ends no sooner than its wait for messages
    "face_models_dir": ROOT / "var" / "models",
    "result_cache_seconds": 0,
    "rate_limit_recognition": "off",
}

Costs = dict[str, float]
"""Of one photo, in milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """How many photos a service gets: to warm up, in the burst, and one by one."""

    before: int
    burst: int
    alone: int


@contextmanager
def service(folder: Path, variant: str, sink: TraceSink) -> Iterator[Place]:
    """Start a web process and an autoscaler, whose worker shares its numbers as usual."""
    changes: dict[str, Any] = {}
    if variant != "off":
        changes["metrics_port"] = free_port()
    if variant == "traces":
        changes |= {"tracing_endpoint": sink.address, "tracing_sample": SAMPLE}
    settings = Settings(
        _env_file=None,
        storage=f"file://{folder}/home",
        queue=f"sqlite://{folder}/home/queues.sqlite",
        web_port=free_port(),
        **{**_SETTINGS, **changes},
    )
    with ExitStack() as parts:
        web = WebProcess(settings, folder / "web.log")
        parts.callback(web.stop)
        command = [sys.executable, "-m", "efr_cli", "autoscaler"]
        autoscaler = Process(command, settings, folder / "autoscaler.log")
        parts.callback(autoscaler.stop)
        parts.callback(web.send, signal.SIGTERM)  # both end at the same time
        web.started()
        if settings.metrics_port is not None:
            parts.enter_context(_scraped(settings.metrics_port))
        yield Place(address=web.address, pids={"web": web.pid, "worker": autoscaler.pid})


def costs(place: Place, uploads: Uploads) -> Costs:
    """Upload a burst, then photos one by one, and return what one came to."""
    sent = photos((250, 250))
    _burst(place, itertools.islice(sent, uploads.before))
    before = _worked(place)
    _burst(place, itertools.islice(sent, uploads.burst))
    return {
        **{
            f"{part}_ms": (seconds - before[part]) / uploads.burst * 1000
            for part, seconds in _worked(place).items()
        },
        "p50_ms": statistics.median(place.one(next(sent)) for _ in range(uploads.alone)),
    }


def _burst(place: Place, sent: Iterator[bytes]) -> None:
    """Upload photos, then ask for each result: once, but for those few that are not there yet.

    The web tier would ask for a client that waits, as often as the job's time happens to allow.
    """
    with ThreadPoolExecutor(_CLIENTS) as clients:
        jobs = list(clients.map(place.upload, sent))
    for job_id in jobs:
        wait_until(lambda job_id=job_id: place.has_ended(job_id), every_s=_PAUSE_S)  # type: ignore[misc]


def _worked(place: Place) -> dict[str, float]:
    """Return the processor seconds until now; the autoscaler's are the worker's."""
    tree = psutil.Process(place.pids["worker"]).children(recursive=True)
    child_s = cpu_seconds(each.pid for each in tree if "spawn_main" in " ".join(each.cmdline()))
    worked = place.worked()
    return {"web": worked["web"], "worker": worked["worker"] - child_s, "child": child_s}


@contextmanager
def _scraped(port: int) -> Iterator[None]:
    """Read the metrics of the web tier and of the autoscaler from time to time."""
    over = threading.Event()
    addresses = [f"http://127.0.0.1:{part}/metrics" for part in (port, port + 1)]

    def scrape() -> None:
        while not over.wait(SCRAPED_EVERY_S):
            for address in addresses:
                requests.get(address, timeout=30).raise_for_status()

    wait_until(lambda: all(map(_is_up, addresses)), seconds=60, what="the metrics")
    with ThreadPoolExecutor(1) as thread:
        scraping = thread.submit(scrape)
        try:
            yield
        finally:
            over.set()
        scraping.result()


def _is_up(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False
