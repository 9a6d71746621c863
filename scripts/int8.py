"""Measure what the ResNet in int8 saves, and what it costs.

    python scripts/int8.py --models-dir var/models

It embeds LFW's development view beside the float32 one: same chips, one after the
other. The artifact is docs/benchmarks/int8.json.
"""

import argparse
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from lfw_pairs import compare, judge_pairs
from lfw_view1 import Embedded, embed_photos, engine_with, read_pairs, trial_options
from numpy.typing import NDArray

from core.faces.embedding import ResNetEmbedder
from core.faces.network import Network
from core.faces.results import ModelId
from core.faces.weights import RESNET_INT8_NETWORK, RESNET_NETWORK

_WAYS: Final = ("float32", "int8", "float32 mirrored", "int8 mirrored")


class SideBySide:
    """Embeds with several embedders; an embedding is theirs, one behind the other."""

    model: Final = ModelId(name="side-by-side", version="1")

    def __init__(self, embedders: list[ResNetEmbedder]) -> None:
        self._embedders = embedders
        self.seconds = [0.0] * len(embedders)

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        parts = []
        for number, embedder in enumerate(self._embedders):
            started = time.process_time()
            parts.append(embedder.embed(chips))
            self.seconds[number] += time.process_time() - started
        return np.concatenate(parts, axis=1)


def main() -> None:
    """Measure, write the artifact."""
    parser = trial_options(__doc__, out="docs/benchmarks/int8.json")
    parser.add_argument("--limit", type=int, help="only the first so many photos: for a trial")
    options = parser.parse_args()
    artifact = _measure(options)
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    networks = [
        Network(network.ensure(options.models_dir))
        for network in (RESNET_NETWORK, RESNET_INT8_NETWORK)
    ]
    embedder = SideBySide(
        [
            ResNetEmbedder(network, int8=bool(int8), mirrored=mirrored)
            for mirrored in (False, True)
            for int8, network in enumerate(networks)
        ]
    )
    engine = engine_with(embedder, models_dir=options.models_dir)
    embedded = embed_photos(engine, options.photos / "images", limit=options.limit)
    ways = {
        name: replace(embedded, embeddings=part)
        for name, part in zip(_WAYS, np.split(embedded.embeddings, len(_WAYS), axis=1), strict=True)
    }
    protocol = options.photos / "protocol"
    pairs = [read_pairs(protocol / f"pairsDev{part}.txt") for part in ("Train", "Test")]
    judged = {name: judge_pairs(way, *pairs) for name, way in ways.items()}
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"onnxruntime": version("onnxruntime"), "numpy": version("numpy")},
        "photos": len(embedded.photos),
        "distance_to_float32": distances_apart(ways["float32"], ways["int8"]),
        "distance_to_float32_mirrored": distances_apart(
            ways["float32 mirrored"], ways["int8 mirrored"]
        ),
        "cpu_seconds": {
            name: round(spent, 1) for name, spent in zip(_WAYS, embedder.seconds, strict=True)
        },
        "pairs": judged,
        "comparisons": {
            "int8": compare(judged["float32"], judged["int8"]),
            "int8 mirrored": compare(judged["float32 mirrored"], judged["int8 mirrored"]),
        },
    }


def distances_apart(one: Embedded, other: Embedded) -> dict[str, float]:
    """Return how far two embeddings of one photo lie apart: median and 99th percentile."""
    distances = np.linalg.norm(one.embeddings - other.embeddings, axis=1)
    return {
        "median": round(float(np.median(distances)), 4),
        "p99": round(float(np.quantile(distances, 0.99)), 4),
    }


if __name__ == "__main__":
    main()
