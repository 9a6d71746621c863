"""Erases people among many collections, while photos of them are uploaded all the time.

    python -m harness.erasing [--collections 1000] [--erased 24] [--delay-ms 30]

Starts a service of its own, whose requests to S3 and SQS take longer, as on AWS. All collections
know the same person, and the worker has all of them in memory. Clients upload photos of the
person for a collection before, during and after the person's erasure from it. Exit code 1 when a
result that is left in the end names someone who was erased.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import requests
from tqdm import tqdm

from core.aws.autoscaling import QueueDepths
from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.ground.ids import is_job_id
from core.ground.storage_keys import AUDIT
from core.jobs.recognition_job import JobDone
from core.jobs.results import Results
from core.ports import ObjectStore
from harness.localstack import ROOT
from harness.many_collections import copy_collection
from harness.photo_set import Photo, known_to
from harness.report import machine, measured_at
from harness.stack import Stack, enrol
from harness.waiting import wait_until

_TIMEOUT_S: Final = 120
_QUIET_S: Final = 600.0
_BEFORE_S: Final = 1.0
_AFTER_S: Final = 2.0
"""How long photos come before an erasure and after its answer."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done; ``collections`` are all, ``erased`` those from which the person is erased.

    So many clients upload, with pauses, and so many others erase, each one after the other. An
    erasure searches again as long as it finds results, so those that come seldom are the hardest.
    """

    collections: int
    erased: int
    delay_s: float
    clients: int = 4
    erasers: int = 4
    pause_s: float = 0.5

    @property
    def ids(self) -> list[str]:
        return [f"tenant-{number:05}" for number in range(self.collections)]


@dataclass(kw_only=True)
class Trial:
    """Uploads and erasures at a running service."""

    address: str
    photo: Photo
    pause_s: float
    uploads: Counter[str] = field(default_factory=Counter)
    """Of photos, by collection."""
    erasure_s: list[float] = field(default_factory=list)
    _wanted: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def upload(self, collection_id: str) -> None:
        """Leave a photo in the queue."""
        answer = requests.post(
            self.address,
            files={"inputFile": self.photo.content},
            data={"collection_id": collection_id},
            headers={"Prefer": "respond-async"},
            timeout=_TIMEOUT_S,
        )
        answer.raise_for_status()
        self.uploads[collection_id] += 1

    def warm(self, collection_id: str) -> None:
        """Let the web tier load what it reads galleries with."""
        path = f"collections/{collection_id}/faces"
        requests.get(f"{self.address}/{path}", timeout=_TIMEOUT_S).raise_for_status()

    def erase_all(self, ids: Sequence[str], *, clients: int, erasers: int) -> None:
        """Erase the person from these collections, with photos for them on their way."""
        with ThreadPoolExecutor(clients) as uploading, ThreadPoolExecutor(erasers) as erasing:
            going = [uploading.submit(self._keep_uploading) for _ in range(clients)]
            try:
                done = erasing.map(self._erase, ids)
                list(tqdm(done, total=len(ids), desc="erased", disable=None))
            finally:
                self._over.set()
            for client in going:
                client.result()

    def _erase(self, collection_id: str) -> None:
        self._wanted.append(collection_id)
        time.sleep(_BEFORE_S)
        began_s = time.monotonic()
        path = f"collections/{collection_id}/persons/{self.photo.expected}"
        answer = requests.delete(f"{self.address}/{path}", timeout=_TIMEOUT_S)
        answer.raise_for_status()
        self.erasure_s.append(time.monotonic() - began_s)
        time.sleep(_AFTER_S)
        self._wanted.remove(collection_id)

    def _keep_uploading(self) -> None:
        for number in count():
            wanted = list(self._wanted)
            if wanted:
                self.upload(wanted[number % len(wanted)])
            if self._over.wait(self.pause_s):
                return


def run(
    plan: Plan, photos: Path, folder: Path, *, models_dir: Path = ROOT / "var/models"
) -> dict[str, Any]:
    """Carry out a plan; return what came of it."""
    began = {"measured_at": measured_at(), "machine": machine()}
    with Stack(folder, exposed=True, web_processes=1, face_models_dir=models_dir) as stack:
        people = known_to(stack.settings, photos, people=1)
        photo = people.probes[0]
        enrol(people, stack.settings, plan.ids[0], folder / "people")
        copy_collection(stack.settings, plan.ids[0], plan.ids[1:])
        trial = Trial(address=stack.address, photo=photo, pause_s=plan.pause_s)
        with ThreadPoolExecutor(plan.clients) as clients:
            loaded = clients.map(trial.upload, plan.ids)
            list(tqdm(loaded, total=plan.collections, desc="loaded", disable=None))
        _wait_until_answered(stack)
        trial.warm(plan.ids[-1])
        stack.http.delay(plan.delay_s)
        erased = plan.ids[: plan.erased]
        before = trial.uploads.total()
        trial.erase_all(erased, clients=plan.clients, erasers=plan.erasers)
        stack.http.delay(0)
        _wait_until_answered(stack)
        left = [result for result in _results(stack) if result.collection_id in erased]
        return began | {
            "collections": plan.collections,
            "delay_ms": plan.delay_s * 1000,
            "erasures": len(trial.erasure_s),
            "erasure_s": {
                "median": round(sorted(trial.erasure_s)[len(trial.erasure_s) // 2], 2),
                "max": round(max(trial.erasure_s), 2),
            },
            "uploads": trial.uploads.total() - before,
            "results_erased": _jobs_erased(stack),
            "results_left": len(left),
            "results_left_that_name_someone_erased": sum(
                photo.expected in {face.name for face in result.faces} for result in left
            ),
        }


def _wait_until_answered(stack: Stack) -> None:
    depth = QueueDepths(sqs_client(stack.settings), [stack.settings.sqs_req_queue_name])
    wait_until(lambda: not depth().jobs, seconds=_QUIET_S, every_s=1, what="the queue to be empty")


def _results(stack: Stack) -> Iterator[JobDone]:
    outputs = _bucket(stack, stack.settings.s3_out_bucket)
    for key in _keys(outputs, ""):
        result = Results(outputs).read(key) if is_job_id(key) else None
        if isinstance(result, JobDone):
            yield result


def _jobs_erased(stack: Stack) -> int:
    """Return how many jobs went with the erased person, as audit records say."""
    gallery = _bucket(stack, stack.settings.s3_gallery_bucket)
    records = (json.loads(gallery.get(key).body) for key in _keys(gallery, AUDIT))
    return sum(record.get("counts", {}).get("jobs", 0) for record in records)


def _bucket(stack: Stack, name: str) -> ObjectStore:
    return S3Store(stack.settings, name, s3_client(stack.settings))


def _keys(store: ObjectStore, prefix: str) -> Iterator[str]:
    after = ""
    while keys := store.keys(prefix, after=after):
        yield from keys
        after = keys[-1]


def main() -> int:
    """Run the trial; return the exit code."""
    options = _options()
    plan = Plan(
        collections=options.collections, erased=options.erased, delay_s=options.delay_ms / 1000
    )
    with tempfile.TemporaryDirectory() as folder:
        report = run(plan, options.photos, Path(folder))
    text = json.dumps(report, indent=1)
    print(text)
    if options.artifact:
        options.artifact.write_text(text + "\n")
    return int(report["results_left_that_name_someone_erased"] > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--collections", type=int, default=1000)
    parser.add_argument("--erased", type=int, default=24, help="collections the person leaves")
    parser.add_argument("--delay-ms", type=float, default=30, help="of each request")
    parser.add_argument("--photos", type=Path, default=ROOT / "var" / "samples")
    parser.add_argument("--artifact", type=Path, help="where the numbers go as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
