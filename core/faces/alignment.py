"""A detected face to an upright chip that the embedding network expects."""

from dataclasses import dataclass
from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box, Point
from core.faces.models import LANDMARKS_5, model_file

CHIP_SIDE_PX: Final = 150
CHIP_PADDING: Final = 0.25
"""The values that dlib's ResNet was trained with."""


@dataclass(frozen=True, kw_only=True)
class AlignedFace:
    """Landmarks by name, in pixels of the photo, and the chip cut around them.

    ``chip`` is uint8 of shape (150, 150, 3), RGB.
    """

    landmarks: dict[str, Point]
    chip: NDArray[np.uint8]


class FivePointAligner:
    """dlib's 5-point landmarks, and the chip that they make upright.

    "Left" and "right" are the person's own.
    """

    def __init__(self) -> None:
        self._predictor = dlib.shape_predictor(str(model_file(LANDMARKS_5)))

    def align(self, image: NDArray[np.uint8], box: Box) -> AlignedFace:
        """Find the landmarks of one face of an RGB image of shape (H, W, 3)."""
        rectangle = dlib.rectangle(
            round(box.left), round(box.top), round(box.right) - 1, round(box.bottom) - 1
        )
        shape = self._predictor(image, rectangle)
        chip = dlib.get_face_chip(image, shape, CHIP_SIDE_PX, CHIP_PADDING)
        points = [(float(shape.part(index).x), float(shape.part(index).y)) for index in range(5)]
        return AlignedFace(
            landmarks={
                "left_eye": _middle(points[0], points[1]),
                "right_eye": _middle(points[2], points[3]),
                "nose": points[4],
            },
            chip=chip,
        )


def _middle(one: Point, other: Point) -> Point:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
