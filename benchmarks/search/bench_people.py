"""Measure the search for people against that for faces, and what it misses; write the artifact.

Usage: python -m benchmarks.search.bench_people --models-dir DIR

The faces are made, see ``bench_search_faces.py``. A process of its own searches them, one
probe at a time: for faces as the service did before, and for people. Both take turns, and
the processor's time counts beside the clock's. What is found is compared with the templates of all
people.
"""

import argparse
import json
import os
import statistics
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from tqdm import tqdm

from benchmarks.search.bench_search import machine_options, real_of
from benchmarks.search.bench_search_faces import SEED, MadeFaces, Vectors, made_faces
from benchmarks.search.bench_search_workers import Searcher, Stored, save, seconds_until, store
from core.faces.decision import CANDIDATES
from core.faces.templates import templates_of

SIZES: Final = (100_000, 1_000_000)
_FORMER_LIMIT: Final = 50
"""Faces that an upload was compared with before people were searched."""
_WAYS: Final = {
    "1 face": ("search", 1),
    "50 faces": ("search", _FORMER_LIMIT),
    "people": ("search_people", CANDIDATES),
}
_BLOCKS: Final = 20
_TEMPLATES_AT_ONCE: Final = 1000


def main() -> None:
    """Run every size."""
    parser = machine_options(__doc__, out="docs/benchmarks/search_people.json")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="fewer: for a trial")
    options = parser.parse_args()
    made = made_faces(real_of(options), max(options.sizes), probes=options.probes)
    load_before = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probes = save(np.concatenate([made.known, made.strangers]), folder / "probes.npy")
        sizes = {
            str(size): _measured(made, size, probes, folder, options)
            for size in sorted(options.sizes)
        }
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "load_before": load_before},
        "seed": SEED,
        "probes": options.probes,
        "sizes": sizes,
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _measured(
    made: MadeFaces, size: int, probes: Path, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    stored = Stored(uri=str(folder / str(size)), options={}, gallery_id=uuid.uuid4().hex)
    store(made, 0, size, stored)
    nearest = _nearest_people(made, size, np.load(probes))
    with stored.searcher(probes) as searcher:
        searcher.ask("search", first=0, end=1, limit=1)
        seconds_until(searcher, "exact", "index")
        answers = _ask_in_turns(searcher, options.probes)
    return {
        "people": int(made.person_of[size - 1]) + 1,
        "load": round(os.getloadavg()[0], 2),
        "ways": {name: _times(answer) for name, answer in answers.items()},
        "recall": recall(answers["people"]["people"], nearest),
    }


def _ask_in_turns(searcher: Searcher, probes: int) -> dict[str, dict[str, list[Any]]]:
    answers: dict[str, dict[str, list[Any]]] = {name: {} for name in _WAYS}
    for block in tqdm(range(_BLOCKS), desc="searching"):
        first, end = (probes * edge // _BLOCKS for edge in (block, block + 1))
        for name, (do, limit) in _WAYS.items():
            answer = searcher.ask(do, first=first, end=end, limit=limit)
            for key, values in answer.items():
                answers[name].setdefault(key, []).extend(values)
    return answers


def _times(answer: dict[str, list[Any]]) -> dict[str, float]:
    return {
        f"{kind}{quantile}_ms": round(1000 * float(np.quantile(answer[key], at)), 3)
        for kind, key in (("", "seconds"), ("cpu_", "cpu_seconds"))
        for quantile, at in (("p50", 0.5), ("p99", 0.99))
    }


def _nearest_people(made: MadeFaces, size: int, probes: Vectors) -> list[list[int]]:
    """Compare each probe with the templates of all people."""
    counts = np.bincount(made.person_of[:size])
    ends = np.cumsum(counts)
    templates = []
    for first in range(0, len(counts), _TEMPLATES_AT_ONCE):
        last = min(first + _TEMPLATES_AT_ONCE, len(counts))
        faces = made.embeddings[ends[first] - counts[first] : ends[last - 1]]
        templates.append(templates_of(faces, counts[first:last].tolist()))
    nearest: list[list[int]] = faiss.knn(probes, np.concatenate(templates), CANDIDATES)[1].tolist()
    return nearest


def recall(found: list[list[str]], nearest: list[list[int]]) -> dict[str, float]:
    """Compare the people that were found with the nearest by exact templates, by their numbers."""

    def share(count: int) -> float:
        return statistics.mean(
            len(set(names[:count]) & {f"person {person}" for person in people[:count]}) / count
            for names, people in zip(found, nearest, strict=True)
        )

    both = statistics.mean(
        set(names[:2]) == {f"person {person}" for person in people[:2]}
        for names, people in zip(found, nearest, strict=True)
    )
    return {
        "best": round(share(1), 5),
        "best_two": round(both, 5),
        f"best_{CANDIDATES}": round(share(CANDIDATES), 5),
    }


if __name__ == "__main__":
    main()
