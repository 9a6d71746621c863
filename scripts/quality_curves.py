"""Measure how far embeddings move as faces get worse; write the artifact.

Usage: python scripts/quality_curves.py --models-dir DIR

The bounds in ``core/faces/quality.py`` rest on it: in the middle of each scale
half of the embeddings have moved by 0.3, half the usual threshold.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from lfw_view1 import off_centre, trial_options
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from tqdm import tqdm

from core.faces.alignment import FivePointAligner
from core.faces.embedding import ResNetEmbedder
from core.faces.images import Photo
from core.faces.models import YUNET
from core.faces.network import Network
from core.faces.profiles import PROFILES
from core.faces.quality import sharpness
from core.faces.search import DEFAULT_MIN_FACE_PX, FaceSearch
from core.faces.weights import RESNET_NETWORK
from core.faces.yunet import YuNetDetector

_FACES: Final = 120
_MOVED: Final = 0.3
_MAX_PIXELS: Final = 50_000_000
_PROFILE: Final = PROFILES["balanced"]
_FACE: Final = (30, 30, 120, 120)
"""The part of the chip that ``core/faces/quality.py`` looks at."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A face: its embedding, float32 of shape (128,), and what quality is judged by."""

    embedding: NDArray[np.float32]
    side_px: float
    sharpness: float
    brightness: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """``worsen`` takes a photo and a step; ``value`` is the property that gets worse."""

    steps: tuple[float, ...]
    worsen: Callable[[Image.Image, float], Image.Image]
    value: Callable[[Seen], float]


def _reduced(photo: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in photo.size)
    return photo.resize((width, height), Image.Resampling.LANCZOS)


CURVES: Final = {
    "side_px": Curve(
        steps=(1.0, 0.6, 0.45, 0.35, 0.3, 0.26, 0.23, 0.2, 0.17),
        worsen=_reduced,
        value=lambda face: face.side_px,
    ),
    "sharpness": Curve(
        steps=(0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0),
        worsen=lambda photo, radius: photo.filter(ImageFilter.GaussianBlur(radius)),
        value=lambda face: face.sharpness,
    ),
    "brightness": Curve(
        steps=(1.0, 0.5, 0.35, 0.25, 0.18, 0.13, 0.09, 0.06, 0.04),
        worsen=lambda photo, factor: photo.point(lambda level: round(level * factor)),
        value=lambda face: face.brightness,
    ),
}


class FaceReader:
    """The parts of the profile ``balanced``, in float32, with the chip in between."""

    def __init__(self, models_dir: Path) -> None:
        detector = YuNetDetector(Network(models_dir / YUNET), min_score=_PROFILE.min_score)
        sizes = _PROFILE.sizes("yunet", max_side_px=None, min_face_px=DEFAULT_MIN_FACE_PX)
        self._search = FaceSearch(detector, sizes)
        self._aligner = FivePointAligner()
        network = Network(RESNET_NETWORK.ensure(models_dir))
        self._embedder = ResNetEmbedder(network, mirrored=_PROFILE.mirrored)

    def read(self, image: Image.Image) -> Seen | None:
        """Return the face in the middle of a photo, if one is found."""
        file = io.BytesIO()
        image.save(file, "PNG")
        photo = Photo(file.getvalue(), max_pixels=_MAX_PIXELS)
        found = self._search.find(photo)
        if not found:
            return None
        middle = min(found, key=lambda face: off_centre(face.box, photo.width, photo.height))
        (aligned,) = self._aligner.align(photo, [middle.landmark_box])
        luma = np.asarray(Image.fromarray(aligned.chip).convert("L").crop(_FACE), np.float32)
        return Seen(
            embedding=self._embedder.embed([aligned.chip])[0],
            side_px=min(middle.box.width, middle.box.height),
            sharpness=sharpness(luma),
            brightness=float(luma.mean()),
        )


def main() -> None:
    """Draw every curve."""
    options = trial_options(__doc__, out="docs/benchmarks/quality.json").parse_args()
    reader = FaceReader(options.models_dir)
    files = sorted((options.photos / "images").rglob("*.jpg"))
    photos = [Image.open(file).convert("RGB") for file in files[:: len(files) // _FACES][:_FACES]]
    artifact = {
        "faces": len(photos),
        "moved_by": _MOVED,
        "curves": {name: measure(curve, reader, photos) for name, curve in CURVES.items()},
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def measure(curve: Curve, reader: FaceReader, photos: list[Image.Image]) -> dict[str, Any]:
    """Make the photos worse step by step; a face that is no longer found has moved."""
    originals = [reader.read(photo) for photo in photos]
    known = [pair for pair in zip(photos, originals, strict=True) if pair[1] is not None]
    steps = []
    for step in tqdm(curve.steps):
        faces = [(reader.read(curve.worsen(photo, step)), face) for photo, face in known]
        steps.append(_step(curve, step, faces))
    return {"half_moved_at": half_moved_at(steps), "steps": steps}


def _step(curve: Curve, step: float, faces: list[tuple[Seen | None, Any]]) -> dict[str, float]:
    found = [(worse, face) for worse, face in faces if worse is not None]
    moved = [np.linalg.norm(worse.embedding - face.embedding) > _MOVED for worse, face in found]
    lost = len(faces) - len(found)
    return {
        "step": step,
        "median": round(float(np.median([curve.value(worse) for worse, _ in found] or [0])), 2),
        "moved": round((sum(moved) + lost) / len(faces), 3),
        "not_found": lost,
    }


def half_moved_at(steps: list[dict[str, float]]) -> float | None:
    """Return the median of the property where half have moved, between two steps in line."""
    for before, after in pairwise(steps):
        if before["moved"] <= 0.5 < after["moved"]:
            share = (0.5 - before["moved"]) / (after["moved"] - before["moved"])
            return round(before["median"] + share * (after["median"] - before["median"]), 2)
    return None


if __name__ == "__main__":
    main()
