"""Detected faces to upright chips that the embedding network expects."""

from dataclasses import dataclass
from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box, Point
from core.faces.images import Photo, Region
from core.faces.models import LANDMARKS_5, model_file

CHIP_SIDE_PX: Final = 150
CHIP_PADDING: Final = 0.25
"""The values that dlib's ResNet was trained with."""

_ENOUGH_PX: Final = 400.0
"""Side of a face from which on more pixels change little: the chip shows it with 110."""

_MARGIN: Final = 0.75
"""Share of a face's side that is cut around it: a turned chip reaches out of the box."""


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

    def align(self, photo: Photo, boxes: list[Box]) -> list[AlignedFace]:
        """Find landmarks and chips of faces at the photo's full resolution.

        A photo whose smallest face is large enough is not decoded in full: the
        chips would be reduced to the same pixels.

        Parameters
        ----------
        boxes : list of Box
            Where dlib's detectors would see the faces, in pixels of the photo.
        """
        smallest_px = min((max(box.width, 1.0) for box in boxes), default=_ENOUGH_PX)
        factor = min(1.0, _ENOUGH_PX / smallest_px)
        return [self._align(photo, box, factor) for box in boxes]

    def _align(self, photo: Photo, box: Box, factor: float) -> AlignedFace:
        region = photo.region(box.grown(_MARGIN), factor=factor)
        inside = box.scaled(region.factor)
        left, top = round(inside.left) - region.left, round(inside.top) - region.top
        right, bottom = round(inside.right) - region.left, round(inside.bottom) - region.top
        shape = self._predictor(region.pixels, dlib.rectangle(left, top, right - 1, bottom - 1))
        chip = dlib.get_face_chip(region.pixels, shape, CHIP_SIDE_PX, CHIP_PADDING)
        return AlignedFace(landmarks=_landmarks(shape, region), chip=chip)


def _landmarks(shape: dlib.full_object_detection, region: Region) -> dict[str, Point]:
    points = [
        (
            (shape.part(index).x + region.left) / region.factor,
            (shape.part(index).y + region.top) / region.factor,
        )
        for index in range(5)
    ]
    return {
        "left_eye": _middle(points[0], points[1]),
        "right_eye": _middle(points[2], points[3]),
        "nose": points[4],
    }


def _middle(one: Point, other: Point) -> Point:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
