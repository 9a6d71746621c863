"""Measure what the ResNet in int8 saves, and how far it lies from float32.

    python -m benchmarks.engine.int8 --models-dir var/models

It embeds the faces of 300 people of LFW's DevTest, who were not looked at for its
bounds, beside the float32 one: same chips, one after the other. The artifact is
docs/benchmarks/int8.json; how often `balanced`, which uses it, and `accurate`, which
does not, are wrong is in accuracy.json.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.common.lfw import engine_with, photo_file, read_pairs, trial_options
from core.faces.models.converted_networks import RESNET_INT8_NETWORK, RESNET_NETWORK
from core.faces.models.network import Network
from core.faces.recognition.embedding import ResNetEmbedder
from core.faces.results import Model
from scripts.int8_ranges import chosen_photos

_WAYS: Final = ("float32", "int8", "float32 mirrored", "int8 mirrored")


class SideBySide:
    """Embeds with several embedders; an embedding is theirs, one behind the other."""

    model: Final = Model(name="side-by-side", version="1")

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
    options = trial_options(__doc__, out="docs/benchmarks/int8.json").parse_args()
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
    protocol = options.photos / "protocol"
    train, test = (read_pairs(protocol / f"pairsDev{part}.txt") for part in ("Train", "Test"))
    photos = [photo_file(options.photos, photo) for photo in chosen_photos(test, train)]
    found = [engine.recognise(photo.read_bytes()) for photo in tqdm(photos, unit="photo")]
    rows = np.stack([face.embedding for photo in found for face in photo.faces])
    ways = dict(zip(_WAYS, np.split(rows, len(_WAYS), axis=1), strict=True))
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"onnxruntime": version("onnxruntime"), "numpy": version("numpy")},
        "faces": len(rows),
        "cpu_ms_per_face": {
            name: round(1000 * spent / len(rows), 2)
            for name, spent in zip(_WAYS, embedder.seconds, strict=True)
        },
        "distance_to_float32": {
            "int8": distances_apart(ways["float32"], ways["int8"]),
            "int8 mirrored": distances_apart(ways["float32 mirrored"], ways["int8 mirrored"]),
        },
    }


def distances_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> dict[str, float]:
    """Return how far two embeddings of one face lie apart: median and 99th percentile."""
    distances = np.linalg.norm(one - other, axis=1)
    return {
        "median": round(float(np.median(distances)), 4),
        "p99": round(float(np.quantile(distances, 0.99)), 4),
    }


if __name__ == "__main__":
    main()
