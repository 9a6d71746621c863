"""Detected faces to upright chips that the embedding network expects."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.geometry import Box, Point, middle_of
from core.faces.models.model_files import LANDMARKS_5, model_file
from core.faces.photos.crops import crop
from core.faces.photos.images import Photo

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

    ``roll`` is by how many degrees the face is turned clockwise, −180 to 180.
    ``chip`` is uint8 of shape (150, 150, 3), RGB.
    """

    landmarks: dict[str, Point]
    chip: NDArray[np.uint8]

    @property
    def roll(self) -> float:
        return roll_of(self.landmarks)


class FivePointAligner:
    """dlib's 5-point landmarks, and the chip that they make upright.

    "Left" and "right" are the person's own.
    """

    def __init__(self) -> None:
        self._predictor = dlib.shape_predictor(str(model_file(LANDMARKS_5)))

    def align(self, photo: Photo, detections: Sequence[Detection]) -> list[AlignedFace]:
        """Find landmarks and chips of faces at the photo's full resolution.

        A photo whose smallest face is large enough is not decoded in full: the
        chips would be reduced to the same pixels.

        Parameters
        ----------
        detections : sequence of Detection
            In pixels of the photo.
        """
        sides = [max(face.landmark_box.width, 1.0) for face in detections]
        factor = min(1.0, _ENOUGH_PX / min(sides, default=_ENOUGH_PX))
        return [
            self._align_turned(photo, face, factor)
            if face.roll
            else self._align(photo, face.landmark_box, factor)
            for face in detections
        ]

    def _align(self, photo: Photo, box: Box, factor: float) -> AlignedFace:
        region = photo.region(box.grown(_MARGIN), factor=factor)
        inside = box.scaled(region.factor)
        left, top = round(inside.left) - region.left, round(inside.top) - region.top
        right, bottom = round(inside.right) - region.left, round(inside.bottom) - region.top
        shape = self._predictor(region.pixels, dlib.rectangle(left, top, right - 1, bottom - 1))
        chip = dlib.get_face_chip(region.pixels, shape, CHIP_SIDE_PX, CHIP_PADDING)
        points = [
            ((x + region.left) / region.factor, (y + region.top) / region.factor)
            for x, y in _points(shape)
        ]
        return AlignedFace(landmarks=landmarks_of(points), chip=chip)

    def _align_turned(self, photo: Photo, face: Detection, factor: float) -> AlignedFace:
        """Find the landmarks where the face is upright, and cut the chip where it is sharpest."""
        part = crop(photo, face.landmark_box.grown(_MARGIN), factor=factor)
        half, _ = part.own_middle
        reach = face.landmark_box.width * part.factor / 2
        low, high = round(half - reach), round(half + reach) - 1
        place = dlib.rectangle(low, low, high, high)
        upright = self._predictor(part.upright(face.roll), place)
        points = [part.unturned(point, face.roll) for point in _points(upright)]
        shape = dlib.full_object_detection(
            place, [dlib.point(round(x), round(y)) for x, y in points]
        )
        chip = dlib.get_face_chip(part.pixels, shape, CHIP_SIDE_PX, CHIP_PADDING)
        return AlignedFace(
            landmarks=landmarks_of([part.in_photo(point) for point in points]), chip=chip
        )


def roll_of(landmarks: Mapping[str, Point]) -> float:
    """Return by how many degrees a face is turned clockwise, −180 to 180, as its eyes lie."""
    (left_x, left_y), (right_x, right_y) = landmarks["left_eye"], landmarks["right_eye"]
    return math.degrees(math.atan2(left_y - right_y, left_x - right_x))


def landmarks_of(points: Sequence[Point]) -> dict[str, Point]:
    """Return eyes and nose of dlib's five points: both corners of each eye, and the nose."""
    return {
        "left_eye": middle_of(points[0], points[1]),
        "right_eye": middle_of(points[2], points[3]),
        "nose": points[4],
    }


def _points(shape: dlib.full_object_detection) -> list[Point]:
    return [(float(part.x), float(part.y)) for part in shape.parts()]
