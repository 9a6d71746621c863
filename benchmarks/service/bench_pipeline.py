"""Measures the whole service beside the bare engine; writes docs/benchmarks/pipeline.json.

    python -m benchmarks.service.bench_pipeline --face-recognition-python .venv-bench/bin/python

Everything runs on this machine and on the same cores: LocalStack, the web tier, a worker,
and the clients. Run it on a quiet machine; the load average is noted.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.service.bench_pipeline_goals import goals
from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.jobs.recognition_job import COLLECTION_NOTE, Job
from core.jobs.results import Results
from core.ports import Recognizer
from core.settings import Settings
from harness.load_clients import Answer, Pattern, Uploader, upload_all
from harness.photo_set import People, Photo, engine_alone, known_to
from harness.report import (
    answers_summary,
    costs_summary,
    engine_summary,
    machine,
    measured_at,
)
from harness.resource_meter import CpuMeter
from harness.stack import Stack, enrol
from harness.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACT: Final = ROOT / "docs/benchmarks/pipeline.json"
COLLECTION: Final = "bench"
_WARM_UP: Final = 150
"""After a start libraries and galleries still load while the first answers are given."""
_UPLOADS: Final = 100
_BACKLOG: Final = 500
_ONE_BY_ONE: Final = 40
_COLD_STARTS: Final = 3
_SEED_PHOTOS: Final = 12
_MEGAPIXELS: Final = 1.0


def main() -> None:
    """Run every part, print the goals and write the artifact."""
    options = _options()
    artifact: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[Path], dict[str, Any]]] = {
            "small": partial(_loads, options, None),
            "one_megapixel": partial(_loads, options, _MEGAPIXELS),
            "cold_start": partial(_cold_starts, options),
        }
        for name, measure in parts.items():
            print(f"-- {name}", flush=True)
            place = Path(folder) / name
            place.mkdir()
            artifact[name] = {"load_before": round(os.getloadavg()[0], 2), **measure(place)}
    options.artifact.write_text(json.dumps(artifact, indent=1) + "\n")
    for goal in goals(artifact):
        print(f"{'met' if goal.met else 'MISSED':7}{goal.name}: {goal.measured}")


def _loads(options: argparse.Namespace, megapixels: float | None, folder: Path) -> dict[str, Any]:
    """Load the service with photos of one kind."""
    with Stack(folder) as stack:
        people = known_to(stack.settings, options.photos, megapixels=megapixels)
        enrol(people, stack.settings, COLLECTION, folder / "people")
        trial = Trial(stack, people)
        trial.upload(_WARM_UP, Pattern(clients=10))
        measured: dict[str, Any] = {
            "people_enrolled": len(people.enrolled),
            "different_photos": len(people.probes),
            "engine_alone": engine_summary(people.probes),
            "ten_clients": trial.measured(_UPLOADS, Pattern(clients=10)),
            "all_at_once": trial.measured(_UPLOADS, Pattern()),
            "one_by_one": trial.measured(_ONE_BY_ONE, Pattern(clients=1)),
            "backlog": trial.measured(_BACKLOG, Pattern(clients=50)),
        }
        stack.workers.pop().stop()
        measured["worker_alone"] = _worker_alone(stack, people)
    measured["bare_engine"] = _bare_engine(people, measured["backlog"]["photos"], stack.settings)
    measured["seed"] = _seed(people, options.face_recognition_python, folder)
    return measured


class Trial:
    """Uploads to a stack, with what they cost."""

    def __init__(self, stack: Stack, people: People) -> None:
        self._stack = stack
        self._people = people
        self._uploader = Uploader(stack.address, collection_id=COLLECTION)

    def upload(self, count: int, pattern: Pattern) -> list[Answer]:
        return upload_all(self._uploader, self._people.sequence(count), pattern, title=str(pattern))

    def measured(self, count: int, pattern: Pattern) -> dict[str, Any]:
        """Return what so many uploads came to; ``added_s`` is beyond the engine's own time."""
        meter, requests = CpuMeter(self._stack.cpu_groups()), self._stack.request_log()
        began_s = time.monotonic()
        answers = self.upload(count, pattern)
        wall_s = time.monotonic() - began_s
        cpu_s = meter.seconds()
        requests.follow()
        photos = self._people.sequence(count)
        added_s = [a.seconds - photo.engine_s for a, photo in zip(answers, photos, strict=True)]
        return {
            "load": str(pattern),
            **answers_summary(answers, wall_s),
            **costs_summary(count, cpu_s, requests.counts),
            "added_s_p50": round(statistics.median(added_s), 4),
            "engine_cpu_s_per_job": round(sum(p.engine_s for p in photos) / count, 4),
        }


def _worker_alone(stack: Stack, people: People) -> dict[str, Any]:
    """Count the requests of a worker that finds a backlog; nobody else asks LocalStack."""
    settings = stack.settings
    s3 = s3_client(settings)
    inputs = S3Store(settings, settings.s3_in_bucket, s3)
    results = Results(S3Store(settings, settings.s3_out_bucket, s3))
    queue = SqsQueue(sqs_client(settings), settings.sqs_req_queue_name)
    jobs = [Job.new("photo.jpg") for _ in range(_BACKLOG)]
    for job, photo in zip(jobs, people.sequence(len(jobs)), strict=True):
        notes = {COLLECTION_NOTE: COLLECTION}
        inputs.put(job.input_key, photo.content, content_type="image/jpeg", metadata=notes)
    queue.send_many([job.body for job in jobs])
    stack.web.stop()
    requests = stack.request_log()
    worker = stack.start_worker()
    wait_until(
        lambda: worker.log.read_text().count("job was handled") >= len(jobs),
        seconds=300,
        every_s=0.5,
        what="the backlog to be done",
    )
    worker.stop()
    requests.follow()
    counts = dict(requests.counts)
    missing = sum(results.read(job.job_id) is None for job in jobs)
    return {"jobs": len(jobs), "unanswered": missing, **costs_summary(len(jobs), {}, counts)}


def _bare_engine(people: People, count: int, settings: Settings) -> dict[str, Any]:
    """Recognise the same photos with the engine alone, in a child of production on each core."""
    cores = len(os.sched_getaffinity(0))
    with engine_alone(settings, children=cores) as engine, ThreadPoolExecutor(cores) as threads:
        _recognise_all(engine, people.sequence(2 * cores), threads)
        began_s = time.monotonic()
        _recognise_all(engine, people.sequence(count), threads)
        wall_s = time.monotonic() - began_s
    return {"processes": cores, "photos": count, "photos_per_s": round(count / wall_s, 2)}


def _recognise_all(engine: Recognizer, photos: Sequence[Photo], threads: Executor) -> None:
    for _ in threads.map(engine.recognise, [photo.content for photo in photos]):
        pass


def _seed(people: People, python: str, folder: Path) -> dict[str, Any]:
    """Name the same photos with a fresh process each, as many at a time as there are cores."""
    cores = len(os.sched_getaffinity(0))
    script, known = str(ROOT / "benchmarks/engine/bench_seed.py"), folder / "encodings.npy"
    subprocess.run([python, "-W", "ignore", script, str(folder / "people"), str(known)], check=True)
    photos = []
    for number, photo in enumerate(people.sequence(_SEED_PHOTOS)):
        photos.append(folder / f"seed-{number}.jpg")
        photos[-1].write_bytes(photo.content)

    def name(photo: Path) -> None:
        command = [python, "-W", "ignore", script, str(photo), str(known)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    began_s = time.monotonic()
    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(name, photos))
    wall_s = time.monotonic() - began_s
    return {
        "processes_at_a_time": cores,
        "photos": len(photos),
        "photos_per_s": round(len(photos) / wall_s, 3),
    }


def _cold_starts(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Upload a photo while no worker runs, and again once the worker has gone."""
    seconds = []
    with Stack(folder, workers=0, scale_in_cooldown_seconds=1) as stack:
        people = known_to(stack.settings, options.photos)
        enrol(people, stack.settings, COLLECTION, folder / "people")
        autoscaler = stack.start_autoscaler()
        wait_until(lambda: autoscaler.logged("autoscaler started"), what="the autoscaler")
        uploader = Uploader(stack.address, collection_id=COLLECTION)
        for _ in range(_COLD_STARTS):
            wait_until(lambda: not stack.worker_pids(), seconds=90, what="no worker to run")
            (answer,) = upload_all(uploader, people.sequence(1), Pattern(clients=1))
            if not answer.is_right:
                raise RuntimeError(f"a cold start brought {answer.status}: {answer.error}")
            seconds.append(round(answer.seconds, 2))
    return {"first_answers_s": seconds, "first_answer_s": statistics.median(seconds)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--face-recognition-python", required=True)
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared/data/lfw-view1/images")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
