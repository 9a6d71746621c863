"""Uploads many photos while web processes and workers are killed, and compares the counters.

    python -m harness.watched.counting [--uploads 1000] [--kills 5] [--artifact FILE]

Starts LocalStack, two web processes, the autoscaler with two workers, and Prometheus. Clients
upload again, with the same Idempotency-Key, what was not answered. Exit code 0 when each upload
has one result, the workers have counted each result once, and no counter ever fell.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import requests

from harness.localstack import ROOT, free_port
from harness.processes import web_processes
from harness.report import machine, measured_at
from harness.stack import Stack
from harness.waiting import wait_until
from harness.watched.counted import Counted, counted
from harness.watched.prometheus import MISSING, Prometheus, binary
from harness.webhooks import photo

ARTIFACT: Final = ROOT / "docs/benchmarks/counting.json"
_CLIENTS: Final = 4
_TIMEOUT_S: Final = 30
_AGAIN_S: Final = 0.2
_PATIENCE_S: Final = 900
_SETTINGS: Final[dict[str, Any]] = {
    "web_processes": 2,
    "max_workers": 2,
    "worker_processes": 1,
    "sqs_wait_time_seconds": 2,
    "sqs_visibility_timeout_seconds": 10,
    "visibility_heartbeat_seconds": 3,
    "sqs_max_receive_count": 12,
}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What came of a run."""

    uploads: int
    killed: dict[str, int]
    counted: Counted
    answered_202: int
    """Uploads that the web tier counted as accepted; repeated ones twice."""

    @property
    def is_kept(self) -> bool:
        return self.counted.is_exact and self.counted.results == self.uploads


def run(
    folder: Path, *, uploads: int, kills: int, models_dir: Path, every_s: int | None = None
) -> Kept:
    """Upload, kill meanwhile, and count in the end."""
    own: dict[str, Any] = {"face_models_dir": models_dir, "metrics_port": free_port()}
    with Stack(folder / "service", workers=0, **_SETTINGS | own) as stack:
        stack.start_autoscaler()
        with Prometheus(stack.settings, folder / "prometheus", every_s=every_s) as server:
            jobs: set[str] = set()
            with ThreadPoolExecutor(_CLIENTS + 1) as threads:
                killing = threads.submit(_kill, stack, jobs, uploads, kills)
                sent = [threads.submit(_upload, stack.address, n) for n in range(uploads)]
                jobs.update(each.result() for each in as_completed(sent))
                killing.result()
            found = counted(stack, server, part=".*")
            accepted = server.value('sum(efr_http_requests_total{route="/",status="202"})')
            return Kept(
                uploads=len(jobs),
                killed={"web processes": kills, "workers": kills},
                counted=found,
                answered_202=int(accepted),
            )


def _upload(address: str, number: int) -> str:
    """Leave a photo in the queue, asking as often as it takes; return its job."""
    headers = {"Prefer": "respond-async", "Idempotency-Key": uuid.uuid4().hex}
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        with suppress(requests.RequestException):
            answer = requests.post(
                f"{address}/",
                files={"inputFile": ("a.png", photo(number))},
                headers=headers,
                timeout=_TIMEOUT_S,
            )
            if answer.ok:
                return str(answer.json()["job_id"])
        time.sleep(_AGAIN_S)
    raise TimeoutError(f"upload {number} was never accepted")


def _kill(stack: Stack, jobs: Collection[str], uploads: int, kills: int) -> None:
    """Kill a web process and a worker each time that another part of the photos was accepted."""
    for step in range(1, kills + 1):
        due = uploads * step / (kills + 1)
        wait_until(
            lambda due=due: len(jobs) >= due,  # type: ignore[misc]
            seconds=_PATIENCE_S,
            what=f"{due:.0f} accepted photos",
        )
        _kill_one_of(lambda: web_processes(stack.web.pid))
        _kill_one_of(stack.worker_pids)


def _kill_one_of(pids: Callable[[], list[int]]) -> None:
    wait_until(pids, what="a process to be killed")
    os.kill(random.choice(pids()), signal.SIGKILL)  # noqa: S311


def report(kept: Kept) -> dict[str, Any]:
    """Return what is kept of a run."""
    about = {"measured_at": measured_at(), "machine": machine()}
    return {**about, **asdict(kept), "kept": kept.is_kept}


def main() -> int:
    """Run it and print the report; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5, help="of web processes, and of workers")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    if binary() is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        kept = run(
            Path(folder),
            uploads=options.uploads,
            kills=options.kills,
            models_dir=ROOT / "var/models",
        )
    made = report(kept)
    print(json.dumps(made, indent=1))
    options.artifact.write_text(json.dumps(made, indent=1) + "\n")
    return 0 if kept.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
