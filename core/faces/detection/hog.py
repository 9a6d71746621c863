"""dlib's classical detector, as an option and for comparison."""

from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.geometry import Box

_MIN_IMAGE_PX: Final = 2
"""dlib refuses arrays that are a pixel wide, and sees nothing in any so small."""


class HogDetector:
    """dlib's frontal face detector: fast on large frontal faces, blind to others.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human
    Detection, CVPR 2005; http://dlib.net/face_detector.py.html
    """

    smallest_face_px: Final = 80.0
    min_score: Final = 0.0
    sure_score: Final = 0.3
    upright_score: Final = 0.5

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), in its own pixels."""
        if min(image.shape[:2]) < _MIN_IMAGE_PX:
            return []
        rectangles, scores, _ = self._detector.run(np.ascontiguousarray(image), 0, self.min_score)
        return [
            _detection(rectangle, score)
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]


def _detection(rectangle: dlib.rectangle, margin: float) -> Detection:
    box = Box(
        left=rectangle.left(),
        top=rectangle.top(),
        right=rectangle.right() + 1,
        bottom=rectangle.bottom() + 1,
    )
    return Detection(box=box, landmark_box=box, score=margin)
