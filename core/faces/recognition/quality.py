"""How good a face is for recognition, and what is wrong with it."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.geometry import middle_of
from core.faces.recognition.alignment import AlignedFace
from core.faces.recognition.covering import covering
from core.faces.recognition.detail import compression, noise, sharpness
from core.faces.recognition.exposure import burnt_share, unevenness
from core.faces.results import POOR_QUALITY

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601."""

_FACE: Final = slice(30, 120)
"""The middle of the chip, without hair and background."""

_FRONTAL_NOSE_DROP: Final = 0.76
"""How far below the eyes the nose ends, in eye distances; the median of LFW."""

_ACROSS, _DOWN = np.meshgrid(np.linspace(-0.8, 0.8, 9), np.linspace(-0.4, 1.6, 11))
"""Places on a face, in eye distances from the middle of the eyes."""


_SPARE: Final = 0.125
_MISSING: Final = 8.0
"""An ear may be outside of the photo; of half a face, which is a quarter of the places, less
is known than of one that is covered.
"""


class Flaw(StrEnum):
    """Why a face may not be recognised."""

    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    HIGH_BRIGHTNESS = "HIGH_BRIGHTNESS"
    UNEVEN_BRIGHTNESS = "UNEVEN_BRIGHTNESS"
    HIGH_NOISE = "HIGH_NOISE"
    HIGH_COMPRESSION = "HIGH_COMPRESSION"
    OCCLUDED_FACE = "OCCLUDED_FACE"
    EXTREME_POSE = "EXTREME_POSE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """``score`` is 0–100, that of the worst property; below 50 a property is a flaw."""

    score: float
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where a property is useless, where it begins to be a flaw, and where it is perfect.

    The three rise or fall.
    """

    useless: float
    flawed: float
    perfect: float

    def grade(self, value: float) -> float:
        """Return 0 to 1, 0.5 where the property begins to be a flaw."""
        to_flawed = (value - self.useless) / (self.flawed - self.useless)
        to_perfect = (value - self.flawed) / (self.perfect - self.flawed)
        return min(max(to_flawed, 0.0), 1.0) / 2 + min(max(to_perfect, 0.0), 1.0) / 2


_SCALES: Final = {
    Flaw.SMALL_BOUNDING_BOX: Scale(useless=13, flawed=24, perfect=36),
    Flaw.LOW_SHARPNESS: Scale(useless=0.2, flawed=0.75, perfect=0.9),
    Flaw.LOW_BRIGHTNESS: Scale(useless=5, flawed=25, perfect=40),
    Flaw.HIGH_BRIGHTNESS: Scale(useless=1.0, flawed=0.35, perfect=0.1),
    Flaw.UNEVEN_BRIGHTNESS: Scale(useless=2.5, flawed=1.0, perfect=0.6),
    Flaw.HIGH_NOISE: Scale(useless=16, flawed=6.5, perfect=4),
    Flaw.HIGH_COMPRESSION: Scale(useless=40, flawed=5.2, perfect=4.4),
    Flaw.OCCLUDED_FACE: Scale(useless=1.2, flawed=0.1, perfect=0.0),
    Flaw.EXTREME_POSE: Scale(useless=1.1, flawed=0.8, perfect=0.5),
    Flaw.LOW_CONFIDENCE: Scale(useless=0.6, flawed=0.9, perfect=1.2),
}
"""Chosen on one half of LFW's people, see docs/accuracy.md: at ``flawed`` few good faces
are refused, and few of the strangers are named that look alike where faces are worse.
"""


def assess(
    face: AlignedFace, detection: Detection, *, sure_score: float, photo_size: tuple[int, int]
) -> Quality:
    """Judge one face.

    Parameters
    ----------
    sure_score : float
        The detector's score from which on nearly everything is a face.
    photo_size : tuple of int
        Width and height.
    """
    measured = measure(face, detection, sure_score=sure_score, photo_size=photo_size)
    grades = {flaw: _SCALES[flaw].grade(value) for flaw, value in measured.items()}
    return Quality(
        score=round(100 * min(grades.values()), 1),
        flaws=tuple(flaw for flaw, grade in grades.items() if 100 * grade < POOR_QUALITY),
    )


def measure(
    face: AlignedFace, detection: Detection, *, sure_score: float, photo_size: tuple[int, int]
) -> dict[Flaw, float]:
    """Return each property of a face in its own unit."""
    luma = luma_of(face.chip)
    middle = np.ascontiguousarray(luma[_FACE, _FACE])
    return {
        Flaw.SMALL_BOUNDING_BOX: min(detection.box.width, detection.box.height),
        Flaw.LOW_SHARPNESS: sharpness(middle),
        Flaw.LOW_BRIGHTNESS: float(middle.mean()),
        Flaw.HIGH_BRIGHTNESS: burnt_share(middle),
        Flaw.UNEVEN_BRIGHTNESS: unevenness(middle),
        Flaw.HIGH_NOISE: noise(middle),
        Flaw.HIGH_COMPRESSION: compression(middle),
        Flaw.OCCLUDED_FACE: max(
            covering(luma), _MISSING * (missing_share(face, photo_size) - _SPARE)
        ),
        Flaw.EXTREME_POSE: off_frontal(face),
        Flaw.LOW_CONFIDENCE: detection.score / sure_score,
    }


def luma_of(chip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the brightness of a chip's pixels, 0–255."""
    luma: NDArray[np.float32] = chip.astype(np.float32) @ _LUMA
    return luma


def missing_share(face: AlignedFace, photo_size: tuple[int, int]) -> float:
    """Return which part of a face lies outside of the photo, 0–1."""
    left, right = face.landmarks["left_eye"], face.landmarks["right_eye"]
    x, y = middle_of(left, right)
    dx, dy = left[0] - right[0], left[1] - right[1]
    columns = x + _ACROSS * dx - _DOWN * dy
    rows = y + _ACROSS * dy + _DOWN * dx
    width, height = photo_size
    outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
    return int(np.count_nonzero(outside)) / outside.size


def off_frontal(face: AlignedFace) -> float:
    """Return how far the face is turned away, 0 for straight at the camera.

    About 1 in profile: how far the nose is from where it is in a frontal face,
    along and across the line of the eyes, in eye distances.
    """
    left, right = face.landmarks["left_eye"], face.landmarks["right_eye"]
    dx, dy = left[0] - right[0], left[1] - right[1]
    square = dx * dx + dy * dy
    if square == 0:
        return 1.0
    (x, y), (nose_x, nose_y) = middle_of(left, right), face.landmarks["nose"]
    along = ((nose_x - x) * dx + (nose_y - y) * dy) / square
    down = ((nose_y - y) * dx - (nose_x - x) * dy) / square
    return math.hypot(2 * along, down - _FRONTAL_NOSE_DROP)
