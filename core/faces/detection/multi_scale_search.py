"""At which sizes a photo is searched for faces."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.faces.detection.detection import Detection, Detector
from core.faces.detection.suppression import keep_best
from core.faces.detection.turned import Judged, TurnedFaces
from core.faces.photos.images import Photo

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

_FARTHER: Final = 1 / 3
_MUCH: Final = 0.4
"""A face that fills the photo is not found, or only parts of it are, but it is at a third of the
size. Its side is at least this part of the photo's shorter one.
"""

_PARTS_IOU: Final = 0.1
"""Large faces that share more than this part of their union may be parts of one."""

_PLAIN: Final = 4.0
"""Faces this many times the smallest were seen at the first look, if they are faces:
enlarged leaves and walls look like large faces more often than like small ones.
"""

_FOREGROUND: Final = 0.8
"""Beside a face that is surely upright, those with less than this part of its side are taken
to be upright as well: they are people in the background.
"""

_ADVANTAGE: Final = 0.02
"""By how much the score of a face must be better where it is turned, if no face is sure."""

_OTHER_TURN: Final = 45.0
"""Degrees."""

_MOST_DOUBTFUL: Final = 3
"""Largest doubtful faces that are looked at turned; a crowd is full of them."""


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
    glance_max_side_px : int
        The bound of the looks at the turned photo, which follow when no face
        tells which way up it is.
    """

    max_side_px: int
    finer_max_side_px: int
    min_face_px: int = DEFAULT_MIN_FACE_PX
    crowd: float = 2.0
    glance_max_side_px: int = 400


class FaceSearch:
    """Looks at a photo once, and closer where that can find more, and turned where it must.

    Parameters
    ----------
    turned : TurnedFaces
        Looks at faces that may not be upright.
    """

    def __init__(self, detector: Detector, sizes: SearchSizes, turned: TurnedFaces) -> None:
        self._detector = detector
        self._sizes = sizes
        self._turned = turned
        self.sure_score: Final = detector.sure_score

    def find(self, photo: Photo) -> list[Detection]:
        """Return the faces of a photo, in its pixels, largest first."""
        faces, hints = self._find(photo, 0)
        sure_score = self._detector.upright_score
        upright_px = max((face.side for face in faces if face.score >= sure_score), default=0.0)
        doubtful = [
            face
            for face in faces + hints
            if face.score < sure_score and face.side >= _FOREGROUND * upright_px
        ]
        if doubtful or not faces:
            faces = self._with_turned(photo, faces, doubtful, is_known=upright_px > 0)
        return _largest_first([face for face in faces if face.side >= self._sizes.min_face_px])

    def _with_turned(
        self,
        photo: Photo,
        faces: list[Detection],
        doubtful: list[Detection],
        *,
        is_known: bool,
    ) -> list[Detection]:
        """Return the faces, with those that are turned as they are turned."""
        judged = self._judged(photo, doubtful)
        is_known = is_known or any(self._tells(each) for each in judged)
        if not is_known:
            judged += self._judged(photo, _merged(self._glances(photo)))
        turned = _turned(judged, sure_score=self._turned.sure_score, is_known=is_known)
        replaced = [id(each.doubtful) for each in judged if each.best in turned]
        upright = [face for face in faces if id(face) not in replaced]
        for quarter in _quarters_to_search(turned, is_collage=bool(upright)):
            found, _ = self._find(photo, quarter)
            if upright:  # what is upright gives false faces where it is turned
                found = [face for face in found if face.score >= self.sure_score]
            turned += [self._turned.straightened(photo, face) for face in found]
        return _one_turn_each(_merged(upright + turned))

    def _judged(self, photo: Photo, doubtful: list[Detection]) -> list[Judged]:
        largest = _largest_first(doubtful)[:_MOST_DOUBTFUL]
        return [self._turned.judged(photo, face) for face in largest]

    def _tells(self, judged: Judged) -> bool:
        """Tell whether a face shows which way up the photo is."""
        is_face = judged.doubtful.score >= self._detector.min_score
        return judged.is_sure or (is_face and judged.is_upright)

    def _glances(self, photo: Photo) -> list[Detection]:
        """Return what may be a face in the reduced photo, turned by three quarter turns."""
        factor = _whole_part(
            min(1.0, self._sizes.glance_max_side_px / max(photo.width, photo.height))
        )
        looks = [self._look(photo, factor, quarter) for quarter in (1, 2, 3)]
        return [face for look in looks for face in self._split(look)[0]]

    def _find(self, photo: Photo, quarter: int) -> tuple[list[Detection], list[Detection]]:
        """Return the faces of a photo that was turned back by quarter turns, and hints."""
        factor, finer = self._factors(photo)
        found, hints = self._split(self._look(photo, factor, quarter))
        found = self._whole(found, photo, factor * _FARTHER, quarter)
        visible_px = self._detector.smallest_face_px / factor
        if finer >= factor * _WORTHWHILE and self._may_be_smaller(found, visible_px):
            closer, _ = self._split(self._look(photo, finer, quarter))
            found = _merged(found + [face for face in closer if face.side < _PLAIN * visible_px])
        return found, hints

    def _whole(
        self, found: list[Detection], photo: Photo, factor: float, quarter: int
    ) -> list[Detection]:
        """Return the faces, with what fills much of a photo seen from farther away if it must."""
        shorter = min(photo.width, photo.height)
        large = [face for face in found if face.side >= _MUCH * shorter]
        is_in_parts = len(_merged(large, max_iou=_PARTS_IOU)) < len(large)
        if (found and not is_in_parts) or shorter * factor < self._detector.smallest_face_px:
            return found
        farther, _ = self._split(self._look(photo, factor, quarter))
        whole = [face for face in farther if face.side >= _MUCH * shorter]
        parts = [part for part in large if any(face.box.holds(part.box.middle) for face in whole)]
        return whole + [face for face in found if face not in parts]

    def _split(self, found: list[Detection]) -> tuple[list[Detection], list[Detection]]:
        least = self._detector.min_score
        return (
            [face for face in found if face.score >= least],
            [face for face in found if face.score < least],
        )

    def _factors(self, photo: Photo) -> tuple[float, float]:
        longest = max(photo.width, photo.height)
        wanted = self._detector.smallest_face_px / self._sizes.min_face_px
        largest = self._sizes.max_side_px / longest
        factor = 1.0 if largest >= 1 else _REDUCED * largest
        finer = min(wanted, _MOST_ENLARGED, self._sizes.finer_max_side_px / longest)
        return _whole_part(factor), _whole_part(finer)

    def _look(self, photo: Photo, factor: float, quarter: int) -> list[Detection]:
        pixels = photo.resized(factor)
        height, width = pixels.shape[:2]
        about = (height / 2, width / 2) if quarter % 2 else (width / 2, height / 2)
        found = self._detector.detect(np.ascontiguousarray(np.rot90(pixels, quarter)))
        return [
            face.turned(90.0 * quarter, about=about, onto=(width / 2, height / 2)).scaled(
                1 / factor
            )
            if quarter
            else face.scaled(1 / factor)
            for face in found
        ]

    def _may_be_smaller(self, found: list[Detection], visible_px: float) -> bool:
        if visible_px <= self._sizes.min_face_px:
            return False
        return min((face.side for face in found), default=0.0) < self._sizes.crowd * visible_px


def _quarters_to_search(turned: list[Detection], *, is_collage: bool) -> set[int]:
    """Return by how many quarters the photo must be turned back to find those like the turned."""
    quarters = {round(face.roll / 90) % 4 for face in turned} - {0}
    return {1, 2, 3} if quarters and is_collage else quarters


def _turned(judged: list[Judged], *, sure_score: float, is_known: bool) -> list[Detection]:
    """Return the faces that are turned: all that are sure, or else the likeliest."""
    sure = [each.best for each in judged if each.is_sure and each.best is not None]
    if sure or is_known:
        return [face for face in sure if face.roll]
    likely = [each.best for each in judged if each.best and each.advantage >= _ADVANTAGE]
    best = max(likely, key=lambda face: face.score, default=None)
    return [best] if best is not None and best.roll and best.score >= sure_score else []


def _one_turn_each(found: list[Detection]) -> list[Detection]:
    """Leave out what a surer face, turned otherwise, shows: its box may lie far off."""
    faces = sorted(found, key=lambda face: face.score, reverse=True)
    boxes = np.array([(f.box.left, f.box.top, f.box.right, f.box.bottom) for f in faces])
    boxes = boxes.reshape(-1, 2, 2)
    middles, rolls = boxes.mean(axis=1), np.array([face.roll for face in faces])
    is_kept = np.ones(len(faces), dtype=bool)
    for index in np.flatnonzero(np.abs(rolls) > _OTHER_TURN):
        low, high = boxes[index]
        overlaps = ((middles >= low) & (middles < high)).all(axis=1)
        overlaps |= ((boxes[:, 0] <= middles[index]) & (middles[index] < boxes[:, 1])).all(axis=1)
        differs = np.abs((rolls - rolls[index] + 180) % 360 - 180) > _OTHER_TURN
        rivals = np.flatnonzero(overlaps & differs & is_kept)
        is_kept[index] = is_kept[index] and not (rivals < index).any()
        is_kept[rivals[rivals > index]] &= not is_kept[index]
    return [face for face, kept in zip(faces, is_kept, strict=True) if kept]


def _largest_first(faces: list[Detection]) -> list[Detection]:
    return sorted(faces, key=lambda face: face.box.area, reverse=True)


def _whole_part(factor: float) -> float:
    """Return the next smaller of 1, 1/2, 1/3, …: reducing by whole numbers is many times faster."""
    return factor if factor > 1 else 1 / math.ceil(1 / factor - 1e-9)


def _merged(found: list[Detection], *, max_iou: float = _MAX_IOU) -> list[Detection]:
    boxes = np.array([(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in found])
    scores = np.array([detection.score for detection in found])
    kept = keep_best(boxes.reshape(-1, 4), scores, max_iou=max_iou)
    return [found[index] for index in kept]
