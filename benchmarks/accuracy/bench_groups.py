"""Measure how well unnamed faces are grouped, and how fast; write docs/benchmarks/groups.json.

Usage: make bench-groups. LFW's people with five and more photos are parted in two halves: one
chooses which faces count as near, the other one is reported. Each half is grouped together with
all people who have fewer photos, as strangers among them. Processor time and memory are those of
50,000 made-up faces in a process of their own, on one core.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.lfw import Embedded, embed_photos, trial_options
from core.faces.engines.builtin import FaceEngine
from core.faces.grouping import NEAR_SHARE, inherited, regrouped
from core.settings.faces import DEFAULT_MAX_DISTANCE
from harness.report import machine, measured_at

ROOT: Final = Path(__file__).resolve().parents[2]
_SHARES: Final = (0.85, 0.87, 0.88, 0.89, 0.90, 0.91, 0.92, 0.93, 0.94, 0.96, 1.0)
_LEAST_PHOTOS: Final = 5
_SEED: Final = 20261130
_FACES: Final = 50_000
_LENGTH: Final = 128
_DIMENSIONS: Final = 20
"""In which made-up people differ."""
_STEPS: Final = 20
_MAX_PIXELS: Final = 50_000_000
_MEASURE: Final = "--in-this-process"
_LARGEST: Final = DEFAULT_MAX_DISTANCE


def main() -> None:
    """Measure, and write the artifact."""
    options = _options()
    if options.in_this_process:
        print(json.dumps(_measured_here()))
        return
    embedded = _embedded(options)
    artifact = {
        "measured_at": measured_at(),
        "machine": machine(),
        "versions": {name: version(name) for name in ("dlib-bin", "faiss-cpu", "fastcluster")},
        "chosen_share": NEAR_SHARE,
        "largest_distance": _LARGEST,
        **_halves(embedded.people, embedded.embeddings),
        "made_up": _measured_apart(),
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = trial_options(__doc__, out=str(ROOT / "docs/benchmarks/groups.json"))
    parser.add_argument("--embeddings", type=Path, help="photos' embeddings of `balanced` (.npz)")
    parser.add_argument(_MEASURE, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _embedded(options: argparse.Namespace) -> Embedded:
    if options.embeddings is None:
        engine = FaceEngine.load(models_dir=options.models_dir, max_pixels=_MAX_PIXELS)
        return embed_photos(engine, options.photos / "images", limit=None)
    kept = np.load(options.embeddings)
    return Embedded(
        photos=tuple(kept["photos"].tolist()),
        people=kept["people"],
        embeddings=kept["embeddings"],
        without_face=(),
        seconds=0,
    )


def bcubed(
    people: NDArray[np.int64], groups: NDArray[np.int64], counted: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return B-cubed precision and recall over the counted faces, in groups of all faces.

    References
    ----------
    A. Bagga and B. Baldwin, Entity-based cross-document coreferencing, 1998.
    """
    both = Counter(zip(people.tolist(), groups.tolist(), strict=True))
    of_person, of_group = Counter(people.tolist()), Counter(groups.tolist())
    faces = [(int(people[row]), int(groups[row])) for row in np.flatnonzero(counted)]
    precision = np.mean([both[face] / of_group[face[1]] for face in faces])
    recall = np.mean([both[face] / of_person[face[0]] for face in faces])
    return float(precision), float(recall)


def _halves(names: NDArray[np.str_], embeddings: NDArray[np.float32]) -> dict[str, Any]:
    _, people, photos = np.unique(names, return_inverse=True, return_counts=True)
    many = np.random.default_rng(_SEED).permutation(np.flatnonzero(photos >= _LEAST_PHOTOS))
    halves = {"choosing": many[: len(many) // 2], "reported": many[len(many) // 2 :]}
    return {
        half: _half(people, embeddings, chosen, photos[people] < _LEAST_PHOTOS)
        for half, chosen in halves.items()
    }


def _half(
    people: NDArray[np.int64],
    embeddings: NDArray[np.float32],
    chosen: NDArray[np.int64],
    is_stranger: NDArray[np.bool_],
) -> dict[str, Any]:
    is_chosen = np.isin(people, chosen)
    alone, among = is_chosen, is_chosen | is_stranger
    return {
        "people": len(chosen),
        "photos": int(is_chosen.sum()),
        "strangers": int(is_stranger.sum()),
        "alone": _rates(people[alone], embeddings[alone], is_chosen[alone]),
        "among_strangers": _rates(people[among], embeddings[among], is_chosen[among]),
        "added_in_steps": _in_steps(people[among], embeddings[among], is_chosen[among]),
    }


def _rates(
    people: NDArray[np.int64], embeddings: NDArray[np.float32], counted: NDArray[np.bool_]
) -> list[dict[str, float]]:
    former = [None] * len(people)
    return [
        _rate(people, _labels(regrouped(embeddings, former, near=share * _LARGEST)), counted)
        | {"share": share}
        for share in _SHARES
    ]


def _rate(
    people: NDArray[np.int64], groups: NDArray[np.int64], counted: NDArray[np.bool_]
) -> dict[str, float]:
    precision, recall = bcubed(people, groups, counted)
    return {"precision": round(precision, 4), "recall": round(recall, 4)}


def _in_steps(
    people: NDArray[np.int64], embeddings: NDArray[np.float32], counted: NDArray[np.bool_]
) -> dict[str, float]:
    """Add the faces in a random order, a twentieth at a time."""
    order = np.random.default_rng(_SEED).permutation(len(people))
    former: list[str | None] = []
    for part in np.array_split(order, _STEPS):
        former += [None] * len(part)
        former = _grown(embeddings[order[: len(former)]], former)
    _, groups = np.unique(np.array(former, dtype=np.str_), return_inverse=True)
    return _rate(people[order], groups, counted[order])


def _grown(embeddings: NDArray[np.float32], former: list[str | None]) -> list[str | None]:
    """Return the group of each face once new ones have been grouped too."""
    groups = regrouped(embeddings, former, near=NEAR_SHARE * _LARGEST)
    grown = list(former)
    for place, (rows, heir) in enumerate(zip(groups, inherited(groups, former), strict=True)):
        for row in rows:
            grown[row] = heir or f"{len(former)}-{place}"
    return grown


def _labels(groups: list[list[int]]) -> NDArray[np.int64]:
    labels = np.empty(sum(map(len, groups)), dtype=np.int64)
    for number, rows in enumerate(groups):
        labels[rows] = number
    return labels


def _measured_apart() -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy.bench_groups", "--models-dir", ".", _MEASURE],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_stay_on_one_core,
    ).stdout
    measured: dict[str, Any] = json.loads(told)
    return measured


def _stay_on_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _measured_here() -> dict[str, Any]:
    """Group 50,000 made-up faces, and then 100 more; of few people and of many."""
    found: dict[str, Any] = {"faces": _FACES, "kinds": {}}
    for name, people in (("10 people", 10), ("2,500 people", 2500), ("50,000 people", 50_000)):
        faces = made_up_faces(_FACES + 100, people)
        started_s = time.process_time()
        former = _grown(faces[:_FACES], [None] * _FACES)
        all_s = time.process_time() - started_s
        _grown(faces, [*former, *[None] * 100])
        found["kinds"][name] = {
            "seconds": round(all_s, 1),
            "seconds_for_100_more": round(time.process_time() - started_s - all_s, 1),
            "groups": len(set(former)),
        }
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    return found


def made_up_faces(count: int, people: int) -> NDArray[np.float32]:
    """Return embeddings of the length that those of ``balanced`` have, evenly of so many people.

    Distances are like those of LFW: 0.41 in the mean within a person, 0.81 between two, and under
    0.49 for one in 10,000 pairs of two people.
    """
    random = np.random.default_rng(_SEED)
    basis, _ = np.linalg.qr(random.normal(size=(_LENGTH, _DIMENSIONS)))
    centres = random.normal(size=(people, _DIMENSIONS)) * 0.112 @ basis.T
    centres += random.normal(size=_LENGTH) * 0.115
    faces = centres[np.arange(count) % people] + random.normal(size=(count, _LENGTH)) * 0.0258
    made: NDArray[np.float32] = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(
        np.float32
    )
    return made * np.float32(1.43)


if __name__ == "__main__":
    main()
