"""Counts the events of many jobs at a receiver that fails half of the time, while workers die.

    python -m harness.webhooks [--jobs 1000] [--kills 3] [--artifact FILE]

Starts a service of its own with two workers. Clients upload photos; the receiver answers each
request with 500 or 204, as a coin falls; a worker is killed several times and another one started.
Of 1,000 events about four fail in all eight attempts. These are replayed by the API, as an
operator would, until none is left.
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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from PIL import Image
from tqdm import tqdm

from core.aws.clients import sqs_client
from harness.collectors.http_thread import HttpThread, QuietHandler
from harness.report import machine, measured_at
from harness.stack import Stack
from harness.waiting import wait_until

if TYPE_CHECKING:
    from types_boto3_sqs.literals import QueueAttributeNameType

_ARTIFACT: Final = Path("docs/benchmarks/webhooks.json")
_TIMEOUT_S: Final = 60
_PATIENCE_S: Final = 1800.0
_CLIENTS: Final = 4
_PAUSES_S: Final = (0.5, 1, 1, 1, 2, 2, 2)
"""As many as by default, and shorter."""
_PAGE: Final = 100
_COUNTS: Final[list["QueueAttributeNameType"]] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


class HalfFailing(HttpThread):
    """A receiver that answers half of its requests with 500, and counts what it accepted."""

    def __init__(self) -> None:
        self.requests = 0
        self.refused = 0
        self.accepted: Counter[str] = Counter()
        """How often each event was accepted, by its id."""
        self.ids: defaultdict[str, set[str]] = defaultdict(set)
        """Ids of the events of each job, of all requests."""
        self._lock = threading.Lock()
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 - http.server's name
                event = json.loads(self.body())
                self.answer(receiver.note(self.headers["webhook-id"], event))

        self.listen(Handler)

    @property
    def url(self) -> str:
        return f"{self.address}/events"

    def note(self, event_id: str, event: Any) -> int:
        """Note a request; return how it is answered."""
        with self._lock:
            self.requests += 1
            self.ids[event["data"]["job_id"]].add(event_id)
            if random.random() < 0.5:  # noqa: S311 - a coin
                self.refused += 1
                return 500
            self.accepted[event_id] += 1
            return 204


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


def given_up(webhook: str) -> list[str]:
    """Return the events that are tried no more, as the API lists them."""
    found: list[str] = []
    query: dict[str, str | int] = {"limit": _PAGE}
    while True:
        answer = requests.get(f"{webhook}/deliveries", params=query, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        listed = answer.json()
        found += [each["event_id"] for each in listed["deliveries"] if each["state"] == "given_up"]
        if not listed["next_token"]:
            return found
        query["next_token"] = listed["next_token"]


def is_idle(stack: Stack) -> bool:
    """Tell whether no job and no event is left, not even one that waits for its next attempt."""
    sqs = sqs_client(stack.settings)
    for name in (stack.settings.sqs_req_queue_name, stack.settings.sqs_webhook_queue_name):
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)["Attributes"]
        if any(int(count) for count in counts.values()):
            return False
    return True


def replay_until_accepted(stack: Stack, webhook: str) -> int:
    """Send again what is tried no more, as often as it takes; return how many events there were."""
    replayed: set[str] = set()
    while True:
        wait_until(lambda: is_idle(stack), seconds=_PATIENCE_S, what="the end of all attempts")
        events = given_up(webhook)
        if not events:
            return len(replayed)
        for event_id in events:
            replay = f"{webhook}/deliveries/{event_id}/replay"
            requests.post(replay, timeout=_TIMEOUT_S).raise_for_status()
        replayed.update(events)


def run(stack: Stack, receiver: HalfFailing, *, jobs: int, kills: int) -> dict[str, Any]:
    """Upload, kill workers meanwhile, wait for the events; return what was counted."""
    asked = {"url": receiver.url, "events": ["job.done", "job.failed"]}
    made = requests.post(f"{stack.address}/webhooks", json=asked, timeout=_TIMEOUT_S)
    made.raise_for_status()
    webhook = f"{stack.address}/webhooks/{made.json()['webhook_id']}"
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
    replayed = replay_until_accepted(stack, webhook)
    return {
        "jobs": jobs,
        "killed_workers": kills,
        "attempts": len(_PAUSES_S) + 1,
        "requests": receiver.requests,
        "refused_requests": receiver.refused,
        "replayed_events": replayed,
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
    parser.add_argument("--artifact", type=Path, default=_ARTIFACT, help="file for the counts")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        HalfFailing() as receiver,
        Stack(
            Path(folder),
            workers=2,
            worker_processes=1,
            webhook_allow_private=("127.0.0.1",),
            webhook_retry_seconds=_PAUSES_S,
            sqs_visibility_timeout_seconds=10,
            visibility_heartbeat_seconds=3,
        ) as stack,
    ):
        counted = run(stack, receiver, jobs=options.jobs, kills=options.kills)
    print(json.dumps(counted, indent=2))
    report = {"machine": machine(), "measured_at": measured_at(), **counted}
    options.artifact.write_text(json.dumps(report, indent=2) + "\n")
    wrong = counted["jobs_without_event"] or counted["jobs_with_several_ids"]
    return int(bool(wrong) or counted["accepted_events"] != options.jobs)


if __name__ == "__main__":
    sys.exit(main())
