"""Measure the search of galleries up to a million faces against other ways; write the artifact.

Usage: python -m benchmarks.search.bench_search --models-dir DIR --face-recognition-python PYTHON

Every way to search has a process of its own, and one works while the others wait. The
faces are made, see ``bench_search_faces.py``. For each size they lie in a LanceDB table
in a folder, and those of the largest size also in LocalStack's S3, to measure how a
fresh process starts and how fast it finds what another one adds.
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
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from tqdm import tqdm

from benchmarks.search.bench_search_faces import (
    SEED,
    Counts,
    MadeFaces,
    RealFaces,
    Vectors,
    made_faces,
    nearness,
    real_faces,
)
from benchmarks.search.bench_search_workers import (
    Searcher,
    Stored,
    in_bucket,
    localstack,
    numbered,
    save,
    seconds_until,
    store,
)
from benchmarks.search.rank1_photos import OURS as ENGINE
from benchmarks.search.rank1_photos import engines, recognitions
from core.settings import Settings

SIZES: Final = (10_000, 100_000, 300_000, 1_000_000)
_LIMITS: Final = (1, 10)
_BLOCKS: Final = 20
_OTHERS_ASKED: Final = {"flat": 5, "product": 5, "face_distance": 1}
"""Probes of each block for the ways that take up to seconds for one."""
_OURS: Final = "ours"
_COMPRESSED: Final = "ours compressed"
_SMALL: Final = 2000
_FIRST_NEW_FACE: Final = 10**9

Truth = Counts
"""Numbers of the nearest faces of each probe by exact search, (N, 10), nearest first."""


def main() -> None:
    """Run every part."""
    options = _options()
    real = real_of(options)
    made = made_faces(real, max(options.sizes), probes=options.probes)
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probes = save(np.concatenate([made.known, made.strangers]), folder / "probes.npy")
        sizes, memory = _by_size(made, probes, folder, options)
        start, new_face = _on_s3(made, probes, folder, options)
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "load_before": _rounded(load_before),
            "load_after": _rounded(os.getloadavg()),
        },
        "versions": _versions(options),
        "faces": {
            "seed": SEED,
            "people": int(made.person_of[-1]) + 1,
            "real_people": len(real.people),
            "real_spreads": len(real.spreads),
            "probes": options.probes,
            "share_of_pairs_within": nearness(real),
        },
        "exact_max": Settings.model_fields["gallery_exact_max"].default,
        "sizes": sizes,
        "memory": memory,
        "start": start,
        "new_face": new_face,
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = machine_options(__doc__, out="docs/benchmarks/search.json")
    parser.add_argument("--face-recognition-python", help="interpreter that has face_recognition")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="fewer: for a trial")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--new-faces", type=int, default=20)
    return parser.parse_args()


def machine_options(description: str | None, *, out: str) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark of made faces is told."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/lfw-view1"))
    parser.add_argument("--models-dir", type=Path, required=True, help="with YuNet")
    parser.add_argument("--cache", type=Path, default=Path("var/cache"))
    parser.add_argument("--probes", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path(out))
    return parser


def real_of(options: argparse.Namespace) -> RealFaces:
    """Return the real faces of which others are made; exits without LFW's photos."""
    photos = sorted((options.photos / "images").rglob("*.jpg"))
    if not photos:
        sys.exit(f"{options.photos} has no photos: LFW's development view is not there")
    load = engines(options.models_dir)[ENGINE]
    return real_faces(recognitions(load, photos, options.cache / f"lfw-view1-{ENGINE}.pickle"))


def _versions(options: argparse.Namespace) -> dict[str, str]:
    versions = {name: version(name) for name in ("faiss-cpu", "lancedb", "numpy")}
    if options.face_recognition_python:
        script = "from importlib.metadata import version; print(version('face_recognition'))"
        command = [options.face_recognition_python, "-c", script]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        versions["face_recognition"] = answer.stdout.strip()
    return versions


def _rounded(load: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in load]


def _by_size(
    made: MadeFaces, probes: Path, folder: Path, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, Any]]:
    sizes: dict[str, Any] = {}
    stored = Stored(uri=str(folder / "galleries"), options={}, gallery_id=uuid.uuid4().hex)
    before = 0
    for size in sorted(options.sizes):
        store(made, before, size, stored)
        before = size
        faces = save(made.embeddings[:size], folder / "faces.npy")
        truth = true_neighbours(made.embeddings[:size], np.load(probes))
        with _ways(stored, faces, probes, options, largest=size == max(options.sizes)) as ways:
            seconds, found = _ask_interleaved(ways, options.probes)
            state = ways[_OURS].ask("state")["state"]
        sizes[str(size)] = {
            "load": _rounded(os.getloadavg()),
            "searched_by": state,
            "ways": {
                name: summarise(seconds[name], found[name], truth, len(made.known))
                for name in seconds
            },
        }
    return sizes, _memory(made, stored, probes, before)


def _memory(made: MadeFaces, stored: Stored, probes: Path, size: int) -> dict[str, Any]:
    small = replace(stored, gallery_id=uuid.uuid4().hex)
    store(made, 0, _SMALL, small)
    return {"faces": size, "people": int(made.person_of[size - 1]) + 1} | {
        name: _grown(stored, small, probes, made.embeddings[:size].nbytes, compressed=compressed)
        for name, compressed in ((_OURS, False), (_COMPRESSED, True))
    }


def _grown(
    stored: Stored, small: Stored, probes: Path, raw: int, *, compressed: bool
) -> dict[str, Any]:
    """Load the gallery in a process that knows a small one already."""
    with stored.searcher(probes, compressed=compressed, exact_max=_SMALL // 2) as searcher:
        searcher.ask("warm_up", gallery_id=small.gallery_id)
        before = searcher.ask("memory")["rss_bytes"]
        searcher.ask("search", first=0, end=1, limit=1)
        seconds_until(searcher, "index")
        searcher.ask("search", first=0, end=1000, limit=10)
        after = searcher.ask("memory")
    grown = after["rss_bytes"] - before
    return {
        "raw_mb": _mb(raw),
        "process_before_mb": _mb(before),
        "grown_mb": _mb(grown),
        "arrays_mb": _mb(after["array_bytes"]),
        "grown_over_raw": round(grown / raw, 3),
        "arrays_over_raw": round(after["array_bytes"] / raw, 3),
    }


def _mb(count: int) -> float:
    return round(count / 1e6, 1)


def true_neighbours(faces: Vectors, probes: Vectors) -> Truth:
    """Search exactly, with distances that are subtracted: products would round them."""
    _, rough = faiss.knn(probes, faces, 2 * max(_LIMITS))
    squared = np.square(faces[rough] - probes[:, np.newaxis]).sum(axis=2)
    order = np.argsort(squared, axis=1)[:, : max(_LIMITS)]
    return np.take_along_axis(rough, order, axis=1)


@contextmanager
def _ways(
    stored: Stored, faces: Path, probes: Path, options: argparse.Namespace, *, largest: bool
) -> Iterator[dict[str, Searcher]]:
    with ExitStack() as stack:
        ways: dict[str, Searcher] = {}
        for name in (_OURS, _COMPRESSED)[: 1 + largest]:
            searcher = stack.enter_context(stored.searcher(probes, compressed=name != _OURS))
            searcher.ask("search", first=0, end=1, limit=1)
            seconds_until(searcher, "exact", "index")
            ways[name] = searcher
        for name in ("flat", "product", "face_distance"):
            python = options.face_recognition_python if name == "face_distance" else None
            searcher = Searcher(name, probes, str(faces), python=python or sys.executable)
            ways[name] = stack.enter_context(searcher)
            searcher.ask("search", first=0, end=1, limit=1)
        yield ways


def _ask_interleaved(
    ways: dict[str, Searcher], probes: int
) -> tuple[dict[str, dict[int, list[float]]], dict[str, dict[int, list[list[int]]]]]:
    """Ask in blocks of probes; the other ways get a few of each block."""
    seconds: dict[str, dict[int, list[float]]] = {name: {} for name in ways}
    found: dict[str, dict[int, list[list[int]]]] = {name: {} for name in ways}
    for block in tqdm(range(_BLOCKS), desc="searching"):
        first, end = (probes * edge // _BLOCKS for edge in (block, block + 1))
        for name, way in ways.items():
            ours = name in (_OURS, _COMPRESSED)
            asked = end if ours else first + _OTHERS_ASKED[name]
            if ours:
                way.ask("search", first=first, end=first + 2, limit=1)
            for limit in _LIMITS if ours else (1,):
                answer = way.ask("search", first=first, end=asked, limit=limit)
                seconds[name].setdefault(limit, []).extend(answer["seconds"])
                found[name].setdefault(limit, []).extend(answer["faces"])
    return seconds, found


def summarise(
    seconds: dict[int, list[float]], found: dict[int, list[list[int]]], truth: Truth, known: int
) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for limit, of_all in seconds.items():
        summary[f"limit_{limit}"] = {
            "searches": len(of_all),
            "p50_ms": _ms(statistics.median(of_all)),
            "p99_ms": _ms(float(np.quantile(of_all, 0.99))),
        }
    if len(found[1]) == len(truth):
        right = np.array([faces[0] for faces in found[1]]) == truth[:, 0]
        both = [
            len(set(faces) & set(row)) / len(row)
            for faces, row in zip(found[max(_LIMITS)], truth.tolist(), strict=True)
        ]
        summary |= {
            "recall_at_1": round(float(right.mean()), 5),
            "recall_at_1_known": round(float(right[:known].mean()), 5),
            "recall_at_1_strangers": round(float(right[known:].mean()), 5),
            f"recall_at_{max(_LIMITS)}": round(statistics.mean(both), 5),
        }
    return summary


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _on_s3(
    made: MadeFaces, probes: Path, folder: Path, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, Any]]:
    size = max(options.sizes)
    with localstack(folder) as settings:
        stored = in_bucket(settings, uuid.uuid4().hex)
        store(made, 0, size, stored)
        load = _rounded(os.getloadavg())
        starts = [_start(stored, probes) for _ in range(options.starts)]
        start = {"faces": size, "load": load, **_start_summary(starts)}
        with stored.searcher(probes) as searcher:
            searcher.ask("search", first=0, end=1, limit=1)
            seconds_until(searcher, "exact", "index")
            new_face = _new_faces(stored, searcher, np.load(probes), options.new_faces)
    return start, new_face


def _start(stored: Stored, probes: Path) -> tuple[float, float]:
    """Return when a fresh process has answered, and when it answers by what it stays with."""
    with stored.searcher(probes) as searcher:
        searcher.ask("search", first=0, end=1, limit=1)
        first_answer_s = time.time() - searcher.started_at
        return first_answer_s, seconds_until(searcher, "exact", "index")


def _start_summary(starts: list[tuple[float, float]]) -> dict[str, Any]:
    exact_s, index_s = zip(*starts, strict=True)
    return {
        "starts": len(starts),
        "exact_s": round(statistics.median(exact_s), 2),
        "exact_max_s": round(max(exact_s), 2),
        "index_s": round(statistics.median(index_s), 2),
        "index_max_s": round(max(index_s), 2),
    }


def _new_faces(stored: Stored, searcher: Searcher, probes: Vectors, count: int) -> dict[str, Any]:
    """Put faces here that the other process looks for until it finds them."""
    index = stored.index()
    put_s, found_s = [], []
    for number in range(count):
        probe, face = len(probes) - 1 - number, _FIRST_NEW_FACE + number
        started = time.time()
        index.put(stored.gallery_id, [numbered(face, probes[probe], "new")])
        put_at = time.time()
        found_at = searcher.ask("wait_for", face=face, probe=probe)["found_at"]
        put_s.append(put_at - started)
        found_s.append(max(found_at - put_at, 0))
    index.close()
    return {
        "faces": count,
        "load": _rounded(os.getloadavg()),
        "put_p50_s": round(statistics.median(put_s), 3),
        "found_p50_s": round(statistics.median(found_s), 3),
        "found_max_s": round(max(found_s), 3),
    }


if __name__ == "__main__":
    main()
