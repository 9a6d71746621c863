"""Measure speed, recall and memory of the engine against other ways; write the artifact.

Usage: python -m benchmarks.engine.bench_engine --models-dir DIR
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
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.common.contender_processes import (
    EXAMPLES,
    GALLERY,
    SMALL_GALLERY,
    Contender,
    Worker,
    cnn_contender,
    write_gallery,
)
from benchmarks.engine.network_limits import float32_multiply_adds_per_s, limits
from benchmarks.engine.recall import count_found, read_boxes, sum_of_counts
from core.faces.engines.profiles import PROFILES

_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
_OURS: Final = "balanced"
_CNN_BELOW_PIXELS: Final = 750_000
"""face_recognition's CNN needs tens of seconds for a large photo, so it gets the smaller photos
only. This is in its favour: its time grows with the pixels, ours hardly does.
"""

Answers = dict[Path, list[dict[str, Any]]]


def main() -> None:
    """Run every part of the benchmark that was asked for."""
    options = _options()
    examples = _photos(options.data / EXAMPLES, options.limit)
    with _workers(options) as workers:
        multiply_adds_per_s = float32_multiply_adds_per_s(options.core)
        answers = _ask_interleaved(workers, examples, options.repetitions)
        artifact = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "versions": _versions(options),
            "repetitions": options.repetitions,
            "start_s": {name: round(w.seconds_to_first_answer, 2) for name, w in workers.items()},
            "throughput": {name: _summary(by_photo) for name, by_photo in answers.items()},
            "limits": _limits(answers, multiply_adds_per_s),
            "recall": {name: _recall(worker, options) for name, worker in workers.items()},
            "no_face": {name: _false_faces(worker, options) for name, worker in workers.items()},
            "memory": _memory(workers[_OURS], examples, options.memory_photos),
        }
        if options.cnn:
            artifact["cnn"] = _cnn_throughput(workers[_OURS], examples, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models-dir", type=Path, required=True, help="with YuNet")
    parser.add_argument("--face-recognition-python", help="interpreter that has face_recognition")
    parser.add_argument("--cnn", action="store_true", help="face_recognition's too: minutes more")
    parser.add_argument("--deepface-python", help="interpreter that has deepface")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--limit", type=int, help="only so many photos of each kind: for a trial")
    parser.add_argument("--memory-photos", type=int, default=5000)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/engine.json"))
    return parser.parse_args()


@contextmanager
def _workers(options: argparse.Namespace) -> Iterator[dict[str, Worker]]:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        gallery = write_gallery(GALLERY, options.data, Path(folder))
        workers = {}
        for contender in _contenders(options, without_yunet=Path(folder)):
            workers[contender.name] = Worker(contender, options.core, gallery)
            stack.callback(workers[contender.name].stop)
        yield workers


def _contenders(options: argparse.Namespace, *, without_yunet: Path) -> list[Contender]:
    kinds = {
        profile: (f"ours:{profile},{options.models_dir}", sys.executable) for profile in PROFILES
    }
    kinds["balanced without YuNet"] = (f"ours:balanced,{without_yunet}", sys.executable)
    if find_spec("face_recognition"):
        kinds["FACE_ENGINE=face_recognition"] = ("ours:face_recognition,", sys.executable)
    if options.face_recognition_python:
        kinds["face_recognition hog"] = ("face_recognition:hog", options.face_recognition_python)
    if options.deepface_python:
        kinds["DeepFace"] = ("deepface:dlib", options.deepface_python)
    return [Contender(name=n, kind=kind, python=python) for n, (kind, python) in kinds.items()]


def _versions(options: argparse.Namespace) -> dict[str, str]:
    versions = {name: version(name) for name in ("onnxruntime", "dlib-bin", "numpy", "pillow")}
    others = {
        "face_recognition": options.face_recognition_python,
        "deepface": options.deepface_python,
    }
    script = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    for name, python in others.items():
        if python:
            command = [python, "-c", script, name]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            versions[name] = answer.stdout.strip()
    return versions


def _photos(folder: Path, limit: int | None) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    return sorted(found)[:limit]


def _ask_interleaved(
    workers: dict[str, Worker], photos: list[Path], repetitions: int
) -> dict[str, Answers]:
    """Ask every contender about every photo in turn, several times."""
    answers: dict[str, Answers] = {name: {photo: [] for photo in photos} for name in workers}
    for _ in range(repetitions):
        for photo in tqdm(photos, desc="throughput"):
            for name, worker in workers.items():
                answers[name][photo].append(worker.ask(photo))
    return answers


def _cnn_throughput(
    ours: Worker, photos: list[Path], options: argparse.Namespace
) -> dict[str, Any]:
    """Ask face_recognition's CNN about each small photo once, and in between our engine."""
    small = [photo for photo in photos if _pixels(photo) < _CNN_BELOW_PIXELS]
    answers: dict[str, Answers] = {_OURS: {}, "face_recognition cnn": {}}
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        gallery = write_gallery(SMALL_GALLERY, options.data, Path(folder))
        cnn = Worker(cnn_contender(options.face_recognition_python), options.core, gallery)
        stack.callback(cnn.stop)
        for photo in tqdm(small, desc="cnn"):
            answers["face_recognition cnn"][photo] = [cnn.ask(photo)]
            answers[_OURS][photo] = [ours.ask(photo) for _ in range(options.repetitions)]
    return {
        "photos_below_pixels": _CNN_BELOW_PIXELS,
        "throughput": {name: _summary(by_photo) for name, by_photo in answers.items()},
    }


def _pixels(photo: Path) -> int:
    with Image.open(photo) as image:
        return image.width * image.height


def _limits(answers: dict[str, Answers], multiply_adds_per_s: float) -> dict[str, Any]:
    networks = {}
    for name, by_photo in answers.items():
        turns = [
            [run for answer in turn for run in answer["network_runs"]]
            for turn in zip(*by_photo.values(), strict=True)
        ]
        if turns[0]:
            networks[name] = limits(turns, len(by_photo), multiply_adds_per_s)
    return {
        "giga_multiply_adds_per_s": round(multiply_adds_per_s / 1e9, 1),
        "networks": networks,
    }


def _summary(by_photo: Answers) -> dict[str, Any]:
    def total(seconds_of: Callable[[dict[str, Any]], float]) -> float:
        return sum(statistics.median(map(seconds_of, answers)) for answers in by_photo.values())

    seconds, network_seconds = total(itemgetter("seconds")), total(_network_seconds)
    names = Counter(face["name"] for answers in by_photo.values() for face in answers[0]["faces"])
    return {
        "photos": len(by_photo),
        "photos_per_s": round(len(by_photo) / seconds, 2),
        "ms_per_photo": round(1000 * seconds / len(by_photo), 1),
        "networks_ms_per_photo": round(1000 * network_seconds / len(by_photo), 1),
        "faces_by_name": dict(names),
    }


def _network_seconds(answer: dict[str, Any]) -> float:
    return sum(float(run["seconds"]) for run in answer["network_runs"])


def _recall(worker: Worker, options: argparse.Namespace) -> dict[str, Any]:
    folder = options.data / "wider-half"
    drawn = read_boxes(folder)
    counts, seconds = [], []
    for name in tqdm(sorted(drawn)[: options.limit], desc="recall"):
        answer = worker.ask(folder / "images" / name)
        seconds.append(answer["seconds"])
        boxes = np.array([face["box"] for face in answer["faces"]], dtype=np.float64)
        counts.append(count_found(drawn[name], boxes.reshape(-1, 4)))
    return {
        "ms_per_photo": round(1000 * statistics.mean(seconds), 1),
        "found": sum_of_counts(counts),
    }


def _false_faces(worker: Worker, options: argparse.Namespace) -> dict[str, int]:
    photos = _photos(options.data / "no-face-half", options.limit)
    found = {photo.name: len(worker.ask(photo)["faces"]) for photo in photos}
    return {name: count for name, count in found.items() if count}


def _memory(worker: Worker, photos: list[Path], turns: int) -> dict[str, float]:
    """Watch one warm process over many photos; it has seen them all before."""
    warm_bytes = max(worker.ask(photo)["rss_bytes"] for photo in photos)
    last_bytes = warm_bytes
    for turn in tqdm(range(turns), desc="memory"):
        last_bytes = worker.ask(photos[turn % len(photos)])["rss_bytes"]
    return {
        "warm_mb": round(warm_bytes / 1e6, 1),
        "photos": turns,
        "growth_mb": round((last_bytes - warm_bytes) / 1e6, 1),
    }


if __name__ == "__main__":
    main()
