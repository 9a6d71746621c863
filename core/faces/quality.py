"""How good a face is for recognition, and what is wrong with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.alignment import AlignedFace
from core.faces.detection import Detection

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601."""

_FACE: Final = slice(30, 120)
"""The middle of the chip, without hair and background."""

_FRONTAL_NOSE_DROP: Final = 0.76
"""How far below the eyes the nose ends, in eye distances; the median of LFW."""


class Flaw(StrEnum):
    """Why a face may not be recognised."""

    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    EXTREME_POSE = "EXTREME_POSE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """``score`` is 0–100, that of the worst property; below 50 a property is a flaw."""

    score: float
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From where on a property is useless, and from where on it is as good as any."""

    useless: float
    good: float

    def grade(self, value: float) -> float:
        """Return 0–1, rising evenly between the two ends."""
        return float(np.clip((value - self.useless) / (self.good - self.useless), 0.0, 1.0))


_SIDE_PX: Final = Scale(useless=12, good=36)
_SHARPNESS: Final = Scale(useless=0.3, good=1.0)
_BRIGHTNESS: Final = Scale(useless=6, good=28)
"""Measured on 120 faces of LFW, made worse step by step: in the middle of each
scale half of the embeddings have moved by 0.3, half the usual threshold.
"""

_TURN: Final = Scale(useless=0.9, good=0.3)
"""In the middle, 0.6, lies the 99th percentile of LFW."""

_CERTAINTY: Final = Scale(useless=0.6, good=1.2)
"""In parts of the detector's sure score."""


def assess(face: AlignedFace, detection: Detection, *, sure_score: float) -> Quality:
    """Judge one face.

    Parameters
    ----------
    sure_score : float
        The detector's score from which on nearly everything is a face.
    """
    luma = face.chip[_FACE, _FACE].astype(np.float32) @ _LUMA
    grades = {
        Flaw.SMALL_BOUNDING_BOX: _SIDE_PX.grade(min(detection.box.width, detection.box.height)),
        Flaw.LOW_SHARPNESS: _SHARPNESS.grade(sharpness(luma)),
        Flaw.LOW_BRIGHTNESS: _BRIGHTNESS.grade(float(luma.mean())),
        Flaw.EXTREME_POSE: _TURN.grade(turn(face)),
        Flaw.LOW_CONFIDENCE: _CERTAINTY.grade(detection.score / sure_score),
    }
    return Quality(
        score=round(100 * min(grades.values()), 1),
        flaws=tuple(flaw for flaw, grade in grades.items() if grade < 0.5),
    )


def sharpness(luma: NDArray[np.float32]) -> float:
    """Return the natural logarithm of the mean size of the Laplacian.

    Parameters
    ----------
    luma : ndarray of float32, shape (H, W)
        Brightness, 0–255.

    References
    ----------
    J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy,
    ICPR 2000.
    """
    centre = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.log1p(np.square(around - 4 * centre).mean()) / 2)


def turn(face: AlignedFace) -> float:
    """Return how far the face is turned away, 0 for straight at the camera.

    About 1 in profile: how far the nose is from where it is in a frontal face,
    along and across the line of the eyes, in eye distances.
    """
    left, right, nose = (
        np.array(face.landmarks[name]) for name in ("left_eye", "right_eye", "nose")
    )
    axis = left - right
    distance = float(np.linalg.norm(axis))
    if distance == 0:
        return 1.0
    along = axis / distance
    down = np.array([-along[1], along[0]])
    offset = (nose - (left + right) / 2) / distance
    return float(np.hypot(2 * (offset @ along), offset @ down - _FRONTAL_NOSE_DROP))
