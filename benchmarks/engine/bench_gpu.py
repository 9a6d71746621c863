"""Compare the engine on a GPU with the engine on the processor; write docs/benchmarks/gpu.json.

    python -m benchmarks.engine.bench_gpu --photos FOLDER --models-dir var/models

Needs an NVIDIA GPU and ``onnxruntime-gpu`` in place of ``onnxruntime``. Both engines
get the same photos in turn, in one process.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.common.interleaved import medians_ms
from core.faces.engines.builtin import FaceEngine
from core.faces.models.converted_networks import RESNET_NETWORK
from core.faces.models.network import Network
from core.faces.recognition.embedding import ResNetEmbedder
from core.faces.results import Recognition

ROOT: Final = Path(__file__).resolve().parents[2]
_PROFILE: Final = "accurate"
"""In float32 on both: a GPU has no int8."""
_MAX_PIXELS: Final = 50_000_000
_CHIPS: Final = (1, 16)
_REPETITIONS: Final = 3


def main() -> None:
    """Compare faces, then speed, and write the artifact."""
    options = _options()
    if not Network(RESNET_NETWORK.ensure(options.models_dir), cuda=True).on_gpu:
        sys.exit("CUDA does not start here")
    photos = [file.read_bytes() for file in sorted(options.photos.rglob("*.jpg"))[: options.limit]]
    engines = {
        name: FaceEngine.load(
            profile=_PROFILE,
            models_dir=options.models_dir,
            max_pixels=_MAX_PIXELS,
            cuda=name == "gpu",
        )
        for name in ("processor", "gpu")
    }
    found = {name: _each(engine, photos) for name, engine in engines.items()}
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "gpu": _gpu_name()},
        "versions": {"onnxruntime-gpu": version("onnxruntime-gpu")},
        "photos": len(photos),
        "same": _compared(found["processor"], found["gpu"]),
        "embedding_ms_a_chip": _embedding_ms(options.models_dir),
        "photo_ms": {
            "one_by_one": _interleaved(
                {name: partial(_each, engine, photos) for name, engine in engines.items()},
                len(photos),
            ),
        },
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="only so many photos")
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/gpu.json")
    return parser.parse_args()


def _gpu_name() -> str:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _each(engine: FaceEngine, photos: Sequence[bytes]) -> list[Recognition]:
    return [engine.recognise(photo) for photo in photos]


def _compared(processor: list[Recognition], gpu: list[Recognition]) -> dict[str, Any]:
    """Tell how far apart the faces of both are."""
    pairs = [
        pair
        for of_processor, of_gpu in zip(processor, gpu, strict=True)
        if len(of_processor.faces) == len(of_gpu.faces)
        for pair in zip(of_processor.faces, of_gpu.faces, strict=True)
    ]
    distances = [np.linalg.norm(one.embedding - other.embedding) for one, other in pairs]
    shifts = [
        np.abs(np.subtract(_corners(one.box), _corners(other.box))).max() for one, other in pairs
    ]
    return {
        "faces": [sum(len(photo.faces) for photo in photos) for photos in (processor, gpu)],
        "models": sorted({str(photo.model) for photo in (*processor, *gpu)}),
        "embedding_distance_max": round(float(max(distances, default=0)), 6),
        "box_shift_px_max": round(float(max(shifts, default=0)), 3),
    }


def _corners(box: Any) -> tuple[float, ...]:
    return box.left, box.top, box.right, box.bottom


def _embedding_ms(models_dir: Path) -> dict[str, dict[str, float]]:
    network = RESNET_NETWORK.ensure(models_dir)
    embedders = {
        "processor": ResNetEmbedder(Network(network)),
        "gpu": ResNetEmbedder(Network(network, cuda=True)),
    }
    rng = np.random.default_rng(0)
    measured = {}
    for count in _CHIPS:
        chips = list(rng.integers(0, 256, (count, 150, 150, 3), dtype=np.uint8))
        ways = {name: partial(embedder.embed, chips) for name, embedder in embedders.items()}
        measured[str(count)] = _interleaved(ways, count)
    return measured


def _interleaved(ways: Mapping[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Return the median milliseconds of each way for one of ``count``."""
    medians = medians_ms(ways, rounds=_REPETITIONS)
    return {name: round(median / count, 3) for name, median in medians.items()}


if __name__ == "__main__":
    main()
