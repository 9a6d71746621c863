"""Try the ResNet in int8: write it, and measure what it saves and what it costs.

    python scripts/int8.py --models-dir var/models

The network is quantised with onnxruntime (weights per channel, activations
calibrated on the faces of the sample photos), then embeds LFW's development
view beside the float32 one: same chips, one after the other. The artifact is
docs/benchmarks/int8.json.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from lfw_pairs import compare, judge_pairs
from lfw_view1 import embed_photos, read_pairs, trial_options
from numpy.typing import NDArray
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    QuantType,
    quantize_static,
)
from samples import SAMPLES

from core.faces.embedding import Embedder, ResNetEmbedder
from core.faces.network import Network
from core.faces.recognition import FaceEngine
from core.faces.results import EMBEDDING_LENGTH, ModelId
from core.faces.weights import RESNET_NETWORK

_MAX_PIXELS: Final = 50_000_000
_WAYS: Final = ("float32", "int8", "float32 mirrored", "int8 mirrored")


class Chips(CalibrationDataReader):  # type: ignore[misc]
    """Shows the quantiser faces; as an embedder, collects them."""

    model: Final = ModelId(name="chips", version="1")

    def __init__(self) -> None:
        self.chips: list[NDArray[np.uint8]] = []
        self._shown: Iterator[NDArray[np.uint8]] | None = None

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.chips += [view for chip in chips for view in (chip, chip[:, ::-1])]
        return np.zeros((len(chips), 1), dtype=np.float32)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        if self._shown is None:
            self._shown = iter(self.chips)
        chip = next(self._shown, None)
        return None if chip is None else {"chips": np.ascontiguousarray(chip)[None]}


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
    """Quantise, measure, write the artifact."""
    parser = trial_options(__doc__, out="docs/benchmarks/int8.json")
    parser.add_argument("--limit", type=int, help="only the first so many photos: for a trial")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quantised = Path(folder) / "resnet-int8.onnx"
        chips = _quantise(options.models_dir, quantised)
        artifact = _measure(options, quantised)
    artifact["calibration_chips"] = chips
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))


def _quantise(models_dir: Path, out: Path) -> int:
    chips = Chips()
    engine = _engine(models_dir, chips)
    for photo in sorted(SAMPLES.rglob("*.jpg")):
        engine.recognise(photo.read_bytes())
    quantize_static(
        RESNET_NETWORK.ensure(models_dir),
        out,
        chips,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return len(chips.chips)


def _engine(models_dir: Path, embedder: Embedder) -> FaceEngine:
    loaded = FaceEngine.load(profile="balanced", models_dir=models_dir, max_pixels=_MAX_PIXELS)
    return FaceEngine(finder=loaded._finder, embedder=embedder, max_pixels=_MAX_PIXELS)


def _measure(options: argparse.Namespace, quantised: Path) -> dict[str, Any]:
    networks = [Network(RESNET_NETWORK.ensure(options.models_dir)), Network(quantised)]
    embedder = SideBySide(
        [
            ResNetEmbedder(network, mirrored=mirrored)
            for mirrored in (False, True)
            for network in networks
        ]
    )
    embedded = embed_photos(
        _engine(options.models_dir, embedder), options.photos / "images", limit=options.limit
    )
    ways = {
        name: replace(embedded, embeddings=part)
        for name, part in zip(_WAYS, np.split(embedded.embeddings, len(_WAYS), axis=1), strict=True)
    }
    protocol = options.photos / "protocol"
    pairs = [read_pairs(protocol / f"pairsDev{part}.txt") for part in ("Train", "Test")]
    judged = {name: judge_pairs(way, *pairs) for name, way in ways.items()}
    off = np.linalg.norm(ways["int8"].embeddings - ways["float32"].embeddings, axis=1)
    assert ways["int8"].embeddings.shape[1] == EMBEDDING_LENGTH  # noqa: S101 - split in four
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"onnxruntime": version("onnxruntime"), "numpy": version("numpy")},
        "photos": len(embedded.photos),
        "distance_to_float32": {
            "median": round(float(np.median(off)), 4),
            "p99": round(float(np.quantile(off, 0.99)), 4),
        },
        "cpu_seconds": {
            name: round(spent, 1) for name, spent in zip(_WAYS, embedder.seconds, strict=True)
        },
        "pairs": judged,
        "comparisons": {
            "int8": compare(judged["float32"], judged["int8"]),
            "int8 mirrored": compare(judged["float32 mirrored"], judged["int8 mirrored"]),
        },
    }


if __name__ == "__main__":
    main()
