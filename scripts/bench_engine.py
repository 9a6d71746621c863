"""Measure speed, recall and memory of the engine against other ways; write the artifact.

Usage: python scripts/bench_engine.py --models-dir DIR
           --face-recognition-python PYTHON --deepface-python PYTHON

Every contender runs in a process of its own on one core, gets the same photos
in turn, and does the whole way from bytes to named faces. The core is shared in
time only: one contender works while the others wait.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from recall import count_found, read_boxes
from tqdm import tqdm

_WORKER: Final = Path(__file__).with_name("bench_contenders.py")
_ROOT: Final = Path(__file__).resolve().parents[1]
_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
_EXAMPLES: Final = "face-recognition-examples/images"
_GALLERY: Final = {
    "obama": f"{_EXAMPLES}/examples/obama.jpg",
    "biden": f"{_EXAMPLES}/examples/biden.jpg",
}


@dataclass(frozen=True, kw_only=True)
class Contender:
    """``kind`` is what ``bench_contenders.py`` is told, ``python`` who runs it."""

    name: str
    kind: str
    python: str


class Worker:
    """A contender's process; starts with its gallery enrolled."""

    def __init__(self, contender: Contender, core: int, gallery: Path) -> None:
        started = time.monotonic()
        self._process = subprocess.Popen(
            [contender.python, str(_WORKER), contender.kind, str(core), str(gallery)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ  # noqa: TID251 - handed on, not read
            | {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"},
        )
        first = json.loads(gallery.read_text())
        self.ask(Path(next(iter(first.values()))))
        self.seconds_to_first_answer: Final = time.monotonic() - started

    def ask(self, photo: Path) -> dict[str, Any]:
        """Return the contender's answer on a photo.

        Raises
        ------
        RuntimeError
            If the process ended.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the contender has no pipes")
        self._process.stdin.write(f"{photo}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the contender ended on {photo}: {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Run every part of the benchmark that was asked for."""
    options = _options()
    with _workers(options) as workers:
        artifact = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "versions": {n: version(n) for n in ("onnxruntime", "dlib-bin", "numpy", "pillow")},
            "repetitions": options.repetitions,
            "start_s": {name: round(w.seconds_to_first_answer, 2) for name, w in workers.items()},
            "throughput": _throughput(workers, options),
            "recall": {name: _recall(worker, options) for name, worker in workers.items()},
            "no_face": {name: _false_faces(worker, options) for name, worker in workers.items()},
            "memory": _memory(workers["balanced"], options),
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models-dir", type=Path, required=True, help="with YuNet")
    parser.add_argument("--face-recognition-python", help="interpreter that has face_recognition")
    parser.add_argument("--cnn", action="store_true", help="face_recognition's too: an hour more")
    parser.add_argument("--deepface-python", help="interpreter that has deepface")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--limit", type=int, help="only so many photos of each kind: for a trial")
    parser.add_argument("--memory-photos", type=int, default=5000)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/engine.json"))
    return parser.parse_args()


@contextmanager
def _workers(options: argparse.Namespace) -> Iterator[dict[str, Worker]]:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "gallery.json"
        gallery.write_text(json.dumps({n: str(options.data / f) for n, f in _GALLERY.items()}))
        workers = {}
        for contender in _contenders(options, without_yunet=Path(folder)):
            workers[contender.name] = Worker(contender, options.core, gallery)
            stack.callback(workers[contender.name].stop)
        yield workers


def _contenders(options: argparse.Namespace, *, without_yunet: Path) -> list[Contender]:
    kinds = {
        profile: (f"ours:{profile},{options.models_dir}", sys.executable)
        for profile in ("balanced", "fast", "accurate", "dlib")
    }
    kinds["balanced without YuNet"] = (f"ours:balanced,{without_yunet}", sys.executable)
    if options.face_recognition_python:
        for model in ("hog", "cnn") if options.cnn else ("hog",):
            kind = f"face_recognition:{model}"
            kinds[f"face_recognition {model}"] = (kind, options.face_recognition_python)
    if options.deepface_python:
        kinds["DeepFace"] = ("deepface:dlib", options.deepface_python)
    return [Contender(name=n, kind=kind, python=python) for n, (kind, python) in kinds.items()]


def _photos(folder: Path, limit: int | None) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    return sorted(found)[:limit]


def _throughput(workers: dict[str, Worker], options: argparse.Namespace) -> dict[str, Any]:
    """Ask every contender about every example photo in turn, several times."""
    photos = _photos(options.data / _EXAMPLES, options.limit)
    answers: dict[str, dict[Path, list[dict[str, Any]]]] = {
        name: {photo: [] for photo in photos} for name in workers
    }
    for _ in range(options.repetitions):
        for photo in tqdm(photos, desc="throughput"):
            for name, worker in workers.items():
                answers[name][photo].append(worker.ask(photo))
    return {name: _summary(by_photo) for name, by_photo in answers.items()}


def _summary(by_photo: dict[Path, list[dict[str, Any]]]) -> dict[str, Any]:
    def total(key: str) -> float:
        medians = [statistics.median(a[key] for a in answers) for answers in by_photo.values()]
        return float(sum(medians))

    seconds, network_seconds = total("seconds"), total("network_seconds")
    names = Counter(face["name"] for answers in by_photo.values() for face in answers[0]["faces"])
    return {
        "photos": len(by_photo),
        "photos_per_s": round(len(by_photo) / seconds, 2),
        "ms_per_photo": round(1000 * seconds / len(by_photo), 1),
        "networks_ms_per_photo": round(1000 * network_seconds / len(by_photo), 1),
        "faces_by_name": dict(names),
    }


def _recall(worker: Worker, options: argparse.Namespace) -> dict[str, Any]:
    folder = options.data / "wider-half"
    drawn = read_boxes(folder)
    counts: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    seconds = []
    for name in tqdm(sorted(drawn)[: options.limit], desc="recall"):
        answer = worker.ask(folder / "images" / name)
        seconds.append(answer["seconds"])
        boxes = np.array([face["box"] for face in answer["faces"]], dtype=np.float64)
        for size, (found, there) in count_found(drawn[name], boxes.reshape(-1, 4)).items():
            counts[size] += found
            totals[size] += there
    return {
        "ms_per_photo": round(1000 * statistics.mean(seconds), 1),
        "found": {size: [counts[size], totals[size]] for size in totals},
    }


def _false_faces(worker: Worker, options: argparse.Namespace) -> dict[str, int]:
    photos = _photos(options.data / "no-face-half", options.limit)
    found = {photo.name: len(worker.ask(photo)["faces"]) for photo in photos}
    return {name: count for name, count in found.items() if count}


def _memory(worker: Worker, options: argparse.Namespace) -> dict[str, float]:
    """Watch one warm process over many photos; it has seen them all before."""
    photos = _photos(options.data / _EXAMPLES, options.limit)
    warm_bytes = max(worker.ask(photo)["rss_bytes"] for photo in photos)
    last_bytes = warm_bytes
    for turn in tqdm(range(options.memory_photos), desc="memory"):
        last_bytes = worker.ask(photos[turn % len(photos)])["rss_bytes"]
    return {
        "warm_mb": round(warm_bytes / 1e6, 1),
        "photos": options.memory_photos,
        "growth_mb": round((last_bytes - warm_bytes) / 1e6, 1),
    }


if __name__ == "__main__":
    main()
