"""Counts the events of many jobs at a receiver that fails half of the time, while workers die.

    python -m harness.webhooks [--jobs 1000] [--kills 3]

Starts a service of its own with two workers. Clients upload photos; every second request of the
service to the receiver is answered 500; a worker is killed several times and another one started.
Exit code 1 when the receiver has not accepted an event of each job, or one under two ids.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import requests
from PIL import Image
from tqdm import tqdm

from core.aws.autoscaling import QueueDepths
from core.aws.clients import sqs_client
from harness.report import machine, measured_at
from harness.stack import Stack
from harness.waiting import wait_until

_TIMEOUT_S: Final = 60
_PATIENCE_S: Final = 1800.0
_CLIENTS: Final = 4
_RETRIES_S: Final = "1,1,1,1,2,2,2,2,4,4,4,4,8,8,8,8,8,8,8,8"
"""So many that none of 1,000 events fails each time, as four do in eight attempts."""


class HalfFailing:
    """A receiver that answers every second request with 500, and counts what it accepted."""

    def __init__(self) -> None:
        self.requests = 0
        self.accepted: Counter[str] = Counter()
        """How often each event was accepted, by its id."""
        self.ids: defaultdict[str, set[str]] = defaultdict(set)
        """Ids of the events of each job, of all requests."""
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.note(self.headers["webhook-id"], json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    def note(self, event_id: str, event: Any) -> int:
        """Note a request; return how it is answered."""
        with self._lock:
            self.requests += 1
            self.ids[event["data"]["job_id"]].add(event_id)
            if self.requests % 2:
                return 500
            self.accepted[event_id] += 1
            return 204

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def photo(number: int) -> bytes:
    """Return one of many photos without faces, which differ and are soon recognised."""
    image = Image.new("RGB", (64, 48), (number % 256, number // 256 % 256, 90))
    with tempfile.SpooledTemporaryFile() as file:
        image.save(file, "PNG")
        file.seek(0)
        return file.read()


def upload(address: str, number: int) -> str:
    """Leave a photo in the queue; return its job."""
    answer = requests.post(
        address,
        files={"inputFile": ("a.png", photo(number))},
        headers={"Prefer": "respond-async"},
        timeout=_TIMEOUT_S,
    )
    answer.raise_for_status()
    return str(answer.json()["job_id"])


def run(stack: Stack, receiver: HalfFailing, *, jobs: int, kills: int) -> dict[str, Any]:
    """Upload, kill workers meanwhile, wait for the events; return what was counted."""
    asked = {"url": receiver.url, "events": ["job.done", "job.failed"]}
    requests.post(f"{stack.address}/webhooks", json=asked, timeout=_TIMEOUT_S).raise_for_status()
    began_s = time.monotonic()
    with ThreadPoolExecutor(_CLIENTS) as clients:
        uploads = clients.map(lambda number: upload(stack.address, number), range(jobs))
        for step in range(1, kills + 1):
            due = jobs * step // (kills + 1)
            wait_until(
                lambda due=due: len(receiver.accepted) >= due,  # type: ignore[misc]
                seconds=_PATIENCE_S,
                what=f"{due} accepted events",
            )
            victim = random.choice([each for each in stack.workers if each.is_running])  # noqa: S311
            victim.send(signal.SIGKILL)
            stack.start_worker()
        job_ids = set(tqdm(uploads, total=jobs, desc="uploads", disable=None))
    wait_until(lambda: len(receiver.accepted) >= jobs, seconds=_PATIENCE_S, what="every event")
    left = QueueDepths(sqs_client(stack.settings), [stack.settings.sqs_webhook_queue_name])
    wait_until(
        lambda: left().jobs == 0, seconds=_PATIENCE_S, what="the queue of events to be empty"
    )
    return {
        "jobs": jobs,
        "killed_workers": kills,
        "requests": receiver.requests,
        "accepted_events": len(receiver.accepted),
        "accepted_more_than_once": sum(count > 1 for count in receiver.accepted.values()),
        "jobs_without_event": len(job_ids - set(receiver.ids)),
        "jobs_with_several_ids": sum(len(ids) > 1 for ids in receiver.ids.values()),
        "seconds": round(time.monotonic() - began_s),
    }


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--artifact", type=Path, help="file for what was counted")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        HalfFailing() as receiver,
        Stack(
            Path(folder),
            workers=2,
            worker_processes=1,
            webhook_allow_private=("127.0.0.1",),
            webhook_retry_seconds=_RETRIES_S,
            sqs_visibility_timeout_seconds=10,
            visibility_heartbeat_seconds=3,
        ) as stack,
    ):
        counted = run(stack, receiver, jobs=options.jobs, kills=options.kills)
    print(json.dumps(counted, indent=2))
    if options.artifact:
        report = {"machine": machine(), "measured_at": measured_at(), **counted}
        options.artifact.write_text(json.dumps(report, indent=2) + "\n")
    wrong = counted["jobs_without_event"] or counted["jobs_with_several_ids"]
    return int(bool(wrong) or counted["accepted_events"] != options.jobs)


if __name__ == "__main__":
    sys.exit(main())
