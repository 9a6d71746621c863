"""Measure how often the engine is wrong on LFW's development view; write the artifact and plots.

Usage: python -m benchmarks.accuracy.accuracy --models-dir ~/.cache/face-models
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.accuracy.lfw_pairs import compare, judge_pairs
from benchmarks.common.lfw import Embedded, embed_photos, read_pairs, trial_options
from core.faces.accuracy.error_rates import (
    distances_between,
    identification_rates,
    verification_rates,
)
from core.faces.engines.builtin import FaceEngine
from core.faces.engines.profiles import PROFILES
from core.ground.plots import Line, line_chart

_OURS: Final = "balanced"
_WITHOUT_YUNET: Final = "balanced without YuNet"
_NAMES: Final = [*PROFILES, _WITHOUT_YUNET]
_CHARTED: Final = ("balanced", "fast")
_THRESHOLDS: Final = np.round(np.arange(0.40, 0.701, 0.01), 2)
_GALLERY_SIZES: Final = (10, 100, 1000)
_DRAWS: Final = 20
_SEED: Final = 20261121
_MAX_PIXELS: Final = 50_000_000


def main() -> None:
    """Measure the chosen profiles; others that the artifact holds stay in it."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "accuracy.json"
    profiles = json.loads(file.read_text())["profiles"] if file.is_file() else {}
    for name in options.profiles:
        profiles[name] = _measure(name, options)
        artifact = {
            "draws": _DRAWS,
            "seed": _SEED,
            "profiles": profiles,
            "comparisons": _comparisons(profiles),
        }
        file.write_text(json.dumps(artifact, indent=1) + "\n")
        charts = _charts(name, profiles[name]) if name in _CHARTED else {}
        for chart_file, chart in charts.items():
            (options.out / chart_file).write_text(chart)


def _options() -> argparse.Namespace:
    parser = trial_options(__doc__, out="docs/benchmarks")
    parser.add_argument("--profiles", nargs="+", choices=_NAMES, default=_NAMES)
    parser.add_argument("--limit", type=int, help="only the first so many photos: for a trial")
    return parser.parse_args()


def _measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    embedded = embed_photos(_engine(name, options), options.photos / "images", limit=options.limit)
    protocol = options.photos / "protocol"
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("onnxruntime", "dlib-bin", "numpy")},
        "photos": len(embedded.photos) + len(embedded.without_face),
        "photos_without_face": len(embedded.without_face),
        "ms_per_photo": round(1000 * embedded.seconds / max(len(embedded.photos), 1), 1),
        "pairs": judge_pairs(
            embedded,
            read_pairs(protocol / "pairsDevTrain.txt"),
            read_pairs(protocol / "pairsDevTest.txt"),
        ),
        "verification": _verification(embedded),
        "identification": _identification(embedded),
    }


def _engine(name: str, options: argparse.Namespace) -> FaceEngine:
    if name != _WITHOUT_YUNET:
        return FaceEngine.load(profile=name, models_dir=options.models_dir, max_pixels=_MAX_PIXELS)
    with tempfile.TemporaryDirectory() as empty:
        return FaceEngine.load(profile=_OURS, models_dir=Path(empty), max_pixels=_MAX_PIXELS)


def _comparisons(profiles: dict[str, Any]) -> dict[str, Any]:
    ours = profiles.get(_OURS)
    if ours is None:
        return {}
    return {
        name: compare(ours["pairs"], measured["pairs"])
        for name, measured in profiles.items()
        if name != _OURS
    }


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
