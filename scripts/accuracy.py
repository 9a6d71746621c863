"""Measure how often the engine is wrong on LFW's development view; write the artifact and plots.

Usage: python scripts/accuracy.py --models-dir ~/.cache/face-models
"""

import argparse
import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from lfw_view1 import Embedded, Pair, embed_photos, read_pairs
from numpy.typing import NDArray
from plots import Line, line_chart
from rates import best_threshold, distances_between, identification_rates, verification_rates

from core.faces.profiles import PROFILES
from core.faces.recognition import FaceEngine

_THRESHOLDS: Final = np.round(np.arange(0.40, 0.701, 0.01), 2)
_GALLERY_SIZES: Final = (10, 100, 1000)
_DRAWS: Final = 20
_SEED: Final = 20261121
_MAX_PIXELS: Final = 50_000_000


def main() -> None:
    """Measure the chosen profiles."""
    options = _options()
    profiles = {name: _measure(name, options) for name in options.profiles}
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {name: version(name) for name in ("onnxruntime", "dlib-bin", "numpy")},
        "draws": _DRAWS,
        "seed": _SEED,
        "profiles": profiles,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "accuracy.json").write_text(json.dumps(artifact, indent=1) + "\n")
    for name, measured in profiles.items():
        for file, chart in _charts(name, measured).items():
            (options.out / file).write_text(chart)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/lfw-view1"))
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--profiles", nargs="+", choices=list(PROFILES), default=["balanced"])
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--limit", type=int, help="only the first so many photos: for a trial")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def _measure(profile: str, options: argparse.Namespace) -> dict[str, Any]:
    engine = FaceEngine.load(profile=profile, models_dir=options.models_dir, max_pixels=_MAX_PIXELS)
    embedded = embed_photos(engine, options.photos / "images", limit=options.limit)
    protocol = options.photos / "protocol"
    return {
        "photos": len(embedded.photos) + len(embedded.without_face),
        "photos_without_face": list(embedded.without_face),
        "ms_per_photo": round(1000 * embedded.seconds / max(len(embedded.photos), 1), 1),
        "pairs": _protocol_accuracy(
            embedded,
            read_pairs(protocol / "pairsDevTrain.txt"),
            read_pairs(protocol / "pairsDevTest.txt"),
        ),
        "verification": _verification(embedded),
        "identification": _identification(embedded),
    }


def _protocol_accuracy(embedded: Embedded, train: list[Pair], test: list[Pair]) -> dict[str, Any]:
    """Choose the threshold on DevTrain, judge DevTest with it."""
    train_distances, train_same = _pair_distances(embedded, train)
    test_distances, test_same = _pair_distances(embedded, test)
    threshold = best_threshold(train_distances, train_same)
    return {
        "threshold": round(threshold, 4),
        "train_accuracy": float(np.mean((train_distances <= threshold) == train_same)),
        "test_accuracy": float(np.mean((test_distances <= threshold) == test_same)),
        "test_pairs": len(test_same),
        "test_pairs_left_out": len(test) - len(test_same),
    }


def _pair_distances(
    embedded: Embedded, pairs: list[Pair]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows = {photo: row for row, photo in enumerate(embedded.photos)}
    known = [pair for pair in pairs if pair.one in rows and pair.other in rows]
    ones = embedded.embeddings[[rows[pair.one] for pair in known]]
    others = embedded.embeddings[[rows[pair.other] for pair in known]]
    distances = np.linalg.norm((ones - others).astype(np.float64), axis=1)
    return distances, np.array([pair.same for pair in known])


def _verification(embedded: Embedded) -> dict[str, Any]:
    """Compare every photo with every other: millions of pairs of two people."""
    genuine, impostor = [], []
    for row in range(1, len(embedded.photos)):
        distances = distances_between(embedded.embeddings[row : row + 1], embedded.embeddings[:row])
        same = embedded.people[:row] == embedded.people[row]
        genuine.append(distances[0, same])
        impostor.append(distances[0, ~same])
    near, far = np.concatenate(genuine), np.concatenate(impostor)
    return {
        "genuine_pairs": near.size,
        "impostor_pairs": far.size,
        "rates": [asdict(rates) for rates in verification_rates(near, far, _THRESHOLDS)],
    }


def _identification(embedded: Embedded) -> dict[str, Any]:
    people = len(np.unique(embedded.people))
    return {
        str(size): [
            asdict(rates)
            for rates in identification_rates(
                embedded.embeddings,
                embedded.people,
                _THRESHOLDS,
                gallery_size=size,
                draws=_DRAWS,
                seed=_SEED,
            )
        ]
        for size in _GALLERY_SIZES
        if size < people
    }


def _charts(profile: str, measured: dict[str, Any]) -> dict[str, str]:
    verification = measured["verification"]["rates"]
    searches = measured["identification"].items()
    return {
        f"verification-{profile}.svg": line_chart(
            f"Two photos ({profile})",
            "largest distance",
            "rate",
            [_line("FMR", verification, "fmr"), _line("FNMR", verification, "fnmr")],
        ),
        f"identification-{profile}.svg": line_chart(
            f"One photo in a gallery ({profile})",
            "largest distance",
            "rate",
            [
                _line(f"{rate.upper()}, {size} people", rates, rate)
                for size, rates in searches
                for rate in ("fpir", "fnir")
            ],
        ),
    }


def _line(name: str, rates: list[dict[str, float]], rate: str) -> Line:
    return Line(name=name, points=tuple((row["distance"], row[rate]) for row in rates))


if __name__ == "__main__":
    main()
