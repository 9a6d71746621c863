"""Measure what metrics and traces cost; writes docs/benchmarks/observing.json.

    python -m benchmarks.observing.bench_observing

Three services run on homes of one machine: without metrics, with them, and with them and a tenth of
all traces. Bursts of photos are uploaded to them in turn, and each is compared with the others'
bursts of the same round, so that what else the machine does counts for all three. Meanwhile both
ports of metrics are read as Prometheus reads them, and a collector takes the traces.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks.observing.observing_page import ARTIFACT, goals
from benchmarks.service.bench_home import Place, photos
from core.settings import Settings
from harness.collectors.traces import TraceSink
from harness.localstack import ROOT, free_port
from harness.processes import Process, WebProcess
from harness.report import machine, measured_at
from harness.waiting import wait_until

CLIENTS: Final = 2
SAMPLE: Final = 0.1
_SCRAPED_EVERY_S: Final = 5.0
_LONG_S: Final = 3600
_SETTINGS: Final[dict[str, Any]] = {
    "auth": "off",
    "web_processes": 1,
    "max_workers": 1,
    "worker_processes": 1,
    "scale_in_cooldown_seconds": _LONG_S,
    "face_models_dir": ROOT / "var" / "models",
    "result_cache_seconds": 0,
    "rate_limit_recognition": "off",
}


def main() -> None:
    """Measure in turn, write the artifact and print the goals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--photos", type=int, default=200, help="of a burst")
    parser.add_argument("--alone", type=int, default=20, help="photos of one client in a round")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    written: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as folder, TraceSink() as sink:
        with services(Path(folder), sink) as places:
            seen = compared(places, options.rounds, options.photos, options.alone)
        written |= {"spans": len(sink.sent)}
    written |= {"rounds": options.rounds, "photos": options.photos, "alone": options.alone}
    written |= {"sample": SAMPLE, "scraped_every_s": _SCRAPED_EVERY_S, **summary(seen)}
    options.artifact.write_text(json.dumps(written, indent=1) + "\n")
    for goal in goals(written):
        print(f"{'met' if goal.met else 'MISSED':7}{goal.name}: {goal.measured}")


Costs = dict[str, float]
"""Of one service in one round, in milliseconds."""


def compared(
    places: Mapping[str, Place], rounds: int, burst: int, alone: int
) -> list[dict[str, Costs]]:
    """Return each round's costs of each service, without a first round that warms up.

    Another one begins in each round.
    """
    sent = photos((250, 250))
    seen: list[dict[str, Costs]] = []
    for number in range(rounds + 1):
        names = list(places)
        turn = number % len(names)
        order = names[turn:] + names[:turn]
        seen.append({name: costs(places[name], sent, burst, alone) for name in order})
    return seen[1:]


def costs(place: Place, sent: Iterator[bytes], burst: int, alone: int) -> Costs:
    """Upload a burst, then photos one by one, and return what one came to."""
    before = place.worked()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(place.one, itertools.islice(sent, burst)))
    worked = {name: seconds - before[name] for name, seconds in place.worked().items()}
    return {
        **{f"{name}_ms": seconds / burst * 1000 for name, seconds in worked.items()},
        "processor_ms": sum(worked.values()) / burst * 1000,
        "p50_ms": statistics.median(place.one(next(sent)) for _ in range(alone)),
    }


def summary(seen: Sequence[Mapping[str, Costs]]) -> dict[str, Any]:
    """Return medians of each service, and medians of what differs within a round."""

    def median_of(name: str) -> Costs:
        return {
            cost: round(statistics.median(each[name][cost] for each in seen), 3)
            for cost in seen[0][name]
        }

    def against(name: str, other: str) -> Costs:
        shares = [each[name]["processor_ms"] / each[other]["processor_ms"] - 1 for each in seen]
        added_ms = [each[name]["p50_ms"] - each[other]["p50_ms"] for each in seen]
        return {
            "processor_percent": round(statistics.median(shares) * 100, 2),
            "p50_ms": round(statistics.median(added_ms), 3),
        }

    return {
        "costs": {name: median_of(name) for name in seen[0]},
        "metrics_against_off": against("metrics", "off"),
        "traces_against_metrics": against("traces", "metrics"),
    }


@contextmanager
def services(folder: Path, sink: TraceSink) -> Iterator[dict[str, Place]]:
    """Start the three services, and read their metrics."""
    with ExitStack() as running:
        traced = {"tracing_endpoint": sink.address, "tracing_sample": SAMPLE}
        ports = {name: free_port() for name in ("metrics", "traces")}
        yield {
            "off": running.enter_context(_service(folder / "off")),
            "metrics": running.enter_context(
                _service(folder / "metrics", metrics_port=ports["metrics"])
            ),
            "traces": running.enter_context(
                _service(folder / "traces", metrics_port=ports["traces"], **traced)
            ),
        }


@contextmanager
def _service(folder: Path, **changes: Any) -> Iterator[Place]:
    """Start a web process and an autoscaler, whose worker shares its numbers as usual."""
    folder.mkdir()
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
        web.started()
        command = [sys.executable, "-m", "efr_cli", "autoscaler"]
        autoscaler = Process(command, settings, folder / "autoscaler.log")
        parts.callback(autoscaler.stop)
        place = Place(
            address=web.address, pids={"web": web.pid, "autoscaler and worker": autoscaler.pid}
        )
        place.one(next(photos((250, 250))))  # starts the worker
        wait_until(lambda: autoscaler.logged("worker started"), seconds=180)
        if settings.metrics_port is not None:
            parts.enter_context(_scraped(settings.metrics_port))
        yield place


@contextmanager
def _scraped(port: int) -> Iterator[None]:
    """Read the metrics of the web tier and of the autoscaler from time to time."""
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(_SCRAPED_EVERY_S):
            for part in (port, port + 1):
                requests.get(f"http://127.0.0.1:{part}/metrics", timeout=30).raise_for_status()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    main()
