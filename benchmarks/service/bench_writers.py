"""Measure how fast processes store faces in one collection; writes docs/benchmarks/writers.json.

    python -m benchmarks.service.bench_writers [--base CHECKOUT] [--sizes 0 100000 1000000]

The faces are made up, and nothing is recognised. The processes write to a LocalStack on the same
cores. CHECKOUT is a worktree of an earlier commit; both sides take turns, each in a collection of
its own, which is filled to the same size before.
"""

import argparse
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from benchmarks.common.line_process import LineProcess
from benchmarks.service.bench_writers_process import LENGTH, MODEL
from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.ports import EnrolledFace
from core.settings import Settings
from harness.localstack import LocalStack
from harness.report import machine, measured_at

ROOT: Final = Path(__file__).resolve().parents[2]
_PROCESS: Final = Path(__file__).with_name("bench_writers_process.py")
_AT_ONCE: Final = 50_000
_QUEUED: Final = 200
"""Photos that wait for a write in each process."""
_IN_A_WORKER: Final = 44
"""As many as wait in a worker with two children: it has no more threads for bulk photos."""
_LONE_TIMES: Final = 8


def main() -> None:
    """Measure each size of the collection, and write the artifact."""
    options = _options()
    sides = {"here": ROOT} | ({"base": options.base.resolve()} if options.base else {})
    artifact: dict[str, Any] = {
        "measured_at": measured_at(),
        "machine": machine(),
        "seconds": options.seconds,
        "sizes": [],
    }
    with tempfile.TemporaryDirectory() as folder, localstack(Path(folder)) as local:
        settings = local.settings()
        provision(settings)
        shared = Shared(settings, Infrastructure.on_aws(settings))
        filled = dict.fromkeys(sides, 0)
        for side in sides:
            shared.collections.bind(shared.collections.create(side), MODEL, length=LENGTH)
        for size in options.sizes:
            for side in sides:
                fill(shared, side, size - filled[side])
                filled[side] = size
            load = round(os.getloadavg()[0], 2)
            measured = {
                side: _measured(root, side, settings, options) for side, root in sides.items()
            }
            artifact["sizes"].append({"faces": size, "load_before": load, **measured})
            print(json.dumps(artifact["sizes"][-1]))
            options.artifact.write_text(json.dumps(artifact, indent=1) + "\n")
        shared.index.close()


@contextmanager
def localstack(folder: Path) -> Iterator[LocalStack]:
    local = LocalStack(folder)
    local.start()
    try:
        yield local
    finally:
        local.stop()


def fill(shared: Shared, collection_id: str, faces: int) -> None:
    """Add faces in large writes."""
    gallery_id = shared.collections.get(collection_id).gallery_id
    random = np.random.default_rng()
    for start in tqdm(range(0, faces, _AT_ONCE), desc=collection_id, disable=faces <= 0):
        vectors = random.standard_normal((min(_AT_ONCE, faces - start), LENGTH), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        shared.index.put(
            gallery_id,
            [
                EnrolledFace(
                    face_id=str(uuid.uuid4()),
                    person=f"person {start + row // 4}",
                    image_id=f"{start + row}.jpg",
                    embedding=vector,
                )
                for row, vector in enumerate(vectors)
            ],
        )


def _measured(
    root: Path, collection_id: str, settings: Settings, options: argparse.Namespace
) -> dict[str, Any]:
    """Measure the writers of one checkout."""
    seconds, most = options.seconds, max(options.writers)
    with writers(most, root, collection_id, settings) as started:
        one = started[0]
        asked(one, do="warm", enrolments=False)
        result: dict[str, Any] = {
            "lone": asked(one, do="lone", times=_LONE_TIMES, pause_s=1),
            "singly": _per_second(
                asked(one, do="singly", seconds=seconds, enrolments=False), seconds
            ),
            "together": [],
        }
        all_of(started, do="warm", enrolments=False)
        for number, waiting in [*((n, _QUEUED) for n in options.writers), (most, _IN_A_WORKER)]:
            answers = all_of(started[:number], do="together", seconds=seconds, threads=waiting)
            faces, writes = (sum(each[name] for each in answers) for name in ("faces", "writes"))
            result["together"].append(
                {
                    "writers": number,
                    "waiting": waiting,
                    "faces_per_s": round(faces / seconds),
                    "faces_per_write": round(faces / writes, 1),
                    "p95_ms": max(each["p95_ms"] for each in answers),
                }
            )
        asked(one, do="warm", enrolments=True)
        enrolled = asked(one, do="singly", seconds=seconds, enrolments=True)
        result["enrolled_singly"] = _per_second(enrolled, seconds)
    return result


@contextmanager
def writers(
    number: int, root: Path, collection_id: str, settings: Settings
) -> Iterator[list[LineProcess]]:
    """Start processes that write."""
    told = {
        "auth": "off",
        "aws_endpoint_url": settings.aws_endpoint_url,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    command = [sys.executable, str(_PROCESS), json.dumps(told), collection_id]
    started = [LineProcess(command, root) for _ in range(number)]
    try:
        yield started
    finally:
        for each in started:
            each.stop()


def asked(process: LineProcess, **line: object) -> dict[str, Any]:
    return process.ask(json.dumps(line))


def all_of(processes: list[LineProcess], **line: object) -> list[dict[str, Any]]:
    """Return the answers of all, which work at the same time."""
    with ThreadPoolExecutor(len(processes)) as threads:
        return list(threads.map(lambda process: asked(process, **line), processes))


def _per_second(answer: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    return {"faces_per_s": round(answer["faces"] / seconds, 1), "p50_ms": answer["p50_ms"]}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 100_000, 1_000_000])
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--artifact", type=Path, default=ROOT / "docs/benchmarks/writers.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
