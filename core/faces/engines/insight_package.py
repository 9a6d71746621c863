"""The user's own networks, run by the ``insightface`` package, an optional extra.

The package's code is MIT; most networks made for it may not be used
commercially. None is shipped or downloaded: who holds a licence names a folder.
"""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelCorrupt, ModelMissing
from core.faces.models.network import providers_for, session_options

_EXPECTED: Final = (
    "expected are the .onnx files of a detector with landmarks (SCRFD) and of a recogniser"
    " (ArcFace); nothing is downloaded"
)
_MIN_SCORE: Final = 0.5
"""The package's own default."""


class PackageDetector(Protocol):
    """What is used of ``insightface.model_zoo.SCRFD``."""

    input_sizes: list[tuple[int, int]]
    use_kps: bool

    def detect(
        self, img: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return left, top, right, bottom, score of shape (N, 5), and points of (N, 5, 2)."""
        ...


class PackageRecogniser(Protocol):
    """What is used of ``insightface.model_zoo.ArcFaceONNX``."""

    input_size: tuple[int, int]
    model_file: str

    def get_feat(self, imgs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the embedding of a BGR chip, of shape (1, D)."""
        ...


class CutChip(Protocol):
    """What is used of ``insightface.utils.face_align``."""

    def __call__(
        self, img: NDArray[np.uint8], landmark: NDArray[np.float32], image_size: int
    ) -> NDArray[np.uint8]:
        """Return the upright chip around five points."""
        ...


@dataclass(frozen=True, kw_only=True)
class PackageParts:
    """What the package provides, with the user's networks loaded."""

    detector: PackageDetector
    recogniser: PackageRecogniser
    cut_chip: CutChip


def load_parts(models_dir: Path, *, cuda: bool) -> PackageParts:
    """Load the detector and the recogniser of a folder, and run each once.

    Raises
    ------
    ModelMissing
        If the extra is not installed, or a network is not in the folder.
    ModelCorrupt
        If a network is damaged, or not of the kind that is needed.
    """
    if not any(models_dir.glob("*.onnx")):
        raise ModelMissing(f"no networks in {models_dir}: {_EXPECTED}")
    with contextlib.redirect_stdout(sys.stderr):  # the package prints
        parts = _load(models_dir, cuda=cuda)
        _try_out(parts, models_dir)
    return parts


def _load(models_dir: Path, *, cuda: bool) -> PackageParts:
    try:
        import cv2
        from insightface.app import FaceAnalysis
        from insightface.utils.face_align import norm_crop
    except ImportError as error:
        raise ModelMissing(
            f"FACE_ENGINE=insightface needs the extra 'insightface' to be installed: {error}"
        ) from error
    cv2.setNumThreads(1)
    try:
        app = FaceAnalysis(
            name=str(models_dir),
            allowed_modules=["detection", "recognition"],
            providers=providers_for(cuda=cuda),
            sess_options=session_options(),
        )
        app.prepare(ctx_id=0, det_thresh=_MIN_SCORE)
    except AssertionError as error:  # the package's way to say so
        raise ModelMissing(f"no usable detector in {models_dir}: {_EXPECTED}") from error
    except Exception as error:  # neither the package's errors nor onnxruntime's have a base
        raise ModelCorrupt(f"the networks of {models_dir} can't be loaded: {error}") from error
    if "recognition" not in app.models:
        raise ModelMissing(f"no recogniser in {models_dir}: {_EXPECTED}")
    return PackageParts(
        detector=app.det_model, recogniser=app.models["recognition"], cut_chip=norm_crop
    )


def _try_out(parts: PackageParts, models_dir: Path) -> None:
    """Run both networks once: what is wrong with them must not wait for a photo."""
    if not parts.detector.use_kps:
        raise ModelCorrupt(f"the detector in {models_dir} gives no landmarks: {_EXPECTED}")
    side = parts.recogniser.input_size[0]
    black: NDArray[Any] = np.zeros((side, side, 3), dtype=np.uint8)
    try:
        parts.detector.detect(black)
        shape = parts.recogniser.get_feat(black).shape
    except Exception as error:  # as above
        raise ModelCorrupt(f"the networks of {models_dir} can't be run: {error}") from error
    if len(shape) != 2 or shape[0] != 1:
        raise ModelCorrupt(f"the recogniser in {models_dir} answers with the shape {shape}")
