"""Where the faces are in a photo."""

from dataclasses import dataclass
from typing import Protocol

import dlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.faces.geometry import Box


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A face that was found; ``score`` rises with the detector's confidence."""

    box: Box
    score: float


class Detector(Protocol):
    """Finds the faces of a photo."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), largest first."""
        ...


class HogDetector:
    """dlib's frontal face detector: sees faces of about 80 pixels and more.

    A photo without such a face is looked at again at twice the size, which
    finds faces of 40 pixels and more at four times the cost.

    Parameters
    ----------
    max_side_px : int
        Larger photos are scaled down to this side for the search. Boxes are
        always in pixels of the photo as it came.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human
    Detection, CVPR 2005; http://dlib.net/face_detector.py.html
    """

    def __init__(self, *, max_side_px: int) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._max_side_px = max_side_px

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), largest first."""
        height, width = image.shape[:2]
        factor = min(1.0, self._max_side_px / max(height, width))
        searched = image if factor == 1.0 else _resized(image, factor)
        for upsamplings in (0, 1):
            rectangles, scores, _ = self._detector.run(searched, upsamplings, 0.0)
            if rectangles:
                break
        found = [
            Detection(
                box=Box(
                    left=rectangle.left(),
                    top=rectangle.top(),
                    right=rectangle.right() + 1,
                    bottom=rectangle.bottom() + 1,
                ).scaled(1 / factor),
                score=float(score),
            )
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]
        return sorted(found, key=lambda detection: detection.box.area, reverse=True)


def _resized(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
