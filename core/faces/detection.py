"""What a face detector is."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A face that was found; ``score`` rises with the detector's confidence.

    ``landmark_box`` is where dlib's landmark model expects the face: the box
    that dlib's own detectors would have drawn.
    """

    box: Box
    landmark_box: Box
    score: float

    def scaled(self, factor: float) -> Self:
        """Return the same face in an image resized by ``factor``."""
        return type(self)(
            box=self.box.scaled(factor),
            landmark_box=self.landmark_box.scaled(factor),
            score=self.score,
        )


class Detector(Protocol):
    """Finds the faces of an image, looking at it once, at its own size."""

    @property
    def smallest_face_px(self) -> float:
        """Side of the smallest faces that are found reliably."""
        ...

    @property
    def sure_score(self) -> float:
        """Score from which on nearly everything that is found is a face."""
        ...

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), in its own pixels."""
        ...
