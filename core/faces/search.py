"""At which sizes a photo is searched for faces."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.faces.detection import Detection, Detector
from core.faces.images import Photo
from core.faces.suppression import keep_best

DEFAULT_MIN_FACE_PX: Final = 14
"""A face of 16 pixels, drawn by hand, is a box of 14 or more to the detector."""

_MAX_IOU: Final = 0.45
_WORTHWHILE: Final = 1.25
"""A second look at less than this much more is not worth its time."""

_MOST_ENLARGED: Final = 2.0
"""Larger copies of a photo show no more faces, but more that are none."""

_REDUCED: Final = 0.84
"""A photo that is reduced for the first look becomes no longer than this part of the bound.
Fewer pixels cost less time, and lose a few small faces in crowds.
"""

_PLAIN: Final = 4.0
"""Faces this many times the smallest were seen at the first look, if they are faces:
enlarged leaves and walls look like large faces more often than like small ones.
"""


@dataclass(frozen=True, kw_only=True)
class SearchSizes:
    """Bounds of the search, in pixels.

    Parameters
    ----------
    max_side_px : int
        Larger photos are reduced to this side for the first look.
    finer_max_side_px : int
        The same for a second look, which follows when the first found nobody,
        or faces so small that there may be smaller ones. Where the detector
        needs larger faces than ``min_face_px``, it may be larger than the photo.
    min_face_px : int
        Faces with a smaller side are left out; in pixels of the photo.
    crowd : float
        Faces under this many times the smallest that the first look can see
        tell of smaller ones behind them. The more, the more second looks.
    """

    max_side_px: int
    finer_max_side_px: int
    min_face_px: int = DEFAULT_MIN_FACE_PX
    crowd: float = 2.0


class FaceSearch:
    """Looks at a photo once, and closer where that can find more."""

    def __init__(self, detector: Detector, sizes: SearchSizes) -> None:
        self._detector = detector
        self._sizes = sizes
        self.sure_score: Final = detector.sure_score

    def find(self, photo: Photo) -> list[Detection]:
        """Return the faces of a photo, in its pixels, largest first."""
        factor, finer = self._factors(photo)
        found = self._look(photo, factor)
        visible_px = self._detector.smallest_face_px / factor
        if finer >= factor * _WORTHWHILE and self._may_be_smaller(found, visible_px):
            closer = self._look(photo, finer)
            found = _merged(found + [face for face in closer if _side(face) < _PLAIN * visible_px])
        large_enough = [face for face in found if _side(face) >= self._sizes.min_face_px]
        return sorted(large_enough, key=lambda detection: detection.box.area, reverse=True)

    def _factors(self, photo: Photo) -> tuple[float, float]:
        longest = max(photo.width, photo.height)
        wanted = self._detector.smallest_face_px / self._sizes.min_face_px
        largest = self._sizes.max_side_px / longest
        factor = 1.0 if largest >= 1 else _REDUCED * largest
        finer = min(wanted, _MOST_ENLARGED, self._sizes.finer_max_side_px / longest)
        return _whole_part(factor), _whole_part(finer)

    def _look(self, photo: Photo, factor: float) -> list[Detection]:
        pixels = photo.resized(factor)
        return [detection.scaled(1 / factor) for detection in self._detector.detect(pixels)]

    def _may_be_smaller(self, found: list[Detection], visible_px: float) -> bool:
        if visible_px <= self._sizes.min_face_px:
            return False
        return min(map(_side, found), default=0.0) < self._sizes.crowd * visible_px


def _side(face: Detection) -> float:
    return min(face.box.width, face.box.height)


def _whole_part(factor: float) -> float:
    """Return the next smaller of 1, 1/2, 1/3, …: reducing by whole numbers is many times faster."""
    return factor if factor > 1 else 1 / math.ceil(1 / factor - 1e-9)


def _merged(found: list[Detection]) -> list[Detection]:
    boxes = np.array([(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in found])
    scores = np.array([detection.score for detection in found])
    kept = keep_best(boxes.reshape(-1, 4), scores, max_iou=_MAX_IOU)
    return [found[index] for index in kept]
