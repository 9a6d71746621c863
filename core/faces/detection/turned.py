"""Faces that are not upright: which they are, and how far each is turned.

A detector that was trained with upright faces finds many a turned one, too,
and believes it to be upright. What tells is its score: it is highest where the
face is turned back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.faces.detection.detection import Detection, Detector
from core.faces.photos.crops import Crop, crop, resized
from core.faces.photos.images import Photo

_UPRIGHT: Final = (0.0,)
_QUARTERS: Final = (90.0, 180.0, -90.0)
_DIAGONALS: Final = (45.0, 135.0, -135.0, -45.0)
"""The turns in which a doubtful face is looked at, in degrees, until it is a sure one."""

_NEAR: Final = 0.1
"""A face that leans by 45 degrees has about the same score upright and turned by a quarter."""

_MARGIN: Final = 0.75
"""Share of a face's side that is looked at around it."""

_UPRIGHT_ENOUGH: Final = 15.0
"""Degrees; dlib's landmarks bear so much."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What looks at a doubtful face have shown.

    ``best`` is the face in the turn in which it is surest, in pixels of the
    photo; None if nothing was seen again. ``upright_score`` is that of the look
    that was not turned, 0 if nothing was seen.
    """

    doubtful: Detection
    best: Detection | None
    is_sure: bool
    upright_score: float

    @property
    def is_upright(self) -> bool:
        return self.best is not None and self.best.score <= self.upright_score

    @property
    def advantage(self) -> float:
        """By how much the best turn is better than none."""
        return 0.0 if self.best is None else self.best.score - self.upright_score


class TurnedFaces:
    """Looks at doubtful faces in several turns.

    Parameters
    ----------
    detector : Detector
        Its score must be best for upright faces.
    face_px : int
        The size to which a face is brought before it is looked at.
    """

    def __init__(self, detector: Detector, *, face_px: int) -> None:
        self._detector = detector
        self._side_px: Final = round((1 + 2 * _MARGIN) * face_px)
        self.sure_score: Final = detector.sure_score

    def judged(self, photo: Photo, face: Detection) -> Judged:
        """Look at a doubtful face in all turns, until it is a sure one.

        Parameters
        ----------
        face : Detection
            In pixels of the photo, from whatever look.
        """
        part = self._part(photo, face)
        upright = self._best(part, _UPRIGHT)
        best, upright_score = upright, _score(upright)
        if not self._is_sure(best):
            turned = self._best(part, _QUARTERS)
            best = _better(best, turned)
            if not self._is_sure(best) and _score(turned) > upright_score - _NEAR:
                best = _better(best, self._best(part, _DIAGONALS))
        return Judged(
            doubtful=face, best=best, is_sure=self._is_sure(best), upright_score=upright_score
        )

    def straightened(self, photo: Photo, face: Detection) -> Detection:
        """Return a face that leans much from a look at it straight; others as they are."""
        if abs(face.tilt) < _UPRIGHT_ENOUGH:
            return face
        return self._straight(self._part(photo, face), face)

    def _is_sure(self, face: Detection | None) -> bool:
        return _score(face) >= self._detector.upright_score

    def _part(self, photo: Photo, face: Detection) -> Crop:
        grown = face.box.grown(_MARGIN)
        factor = min(1.0, self._side_px / max(grown.width, grown.height))
        return resized(crop(photo, grown, factor=factor), self._side_px)

    def _best(self, part: Crop, rolls: Sequence[float]) -> Detection | None:
        """Return the surest of what is seen in some turns."""
        looks = [found for roll in rolls if (found := self._look(part, roll)) is not None]
        straight = [self._straight(part, found) for found in looks]
        return max(straight, key=_score, default=None)

    def _straight(self, part: Crop, found: Detection) -> Detection:
        """Look once more, turned by what the face leans, if that is much."""
        if abs(found.tilt) < _UPRIGHT_ENOUGH:
            return found
        return _better(found, self._look(part, found.roll + found.tilt)) or found

    def _look(self, part: Crop, roll: float) -> Detection | None:
        """Return the surest face at the middle, in pixels of the photo."""
        own = part.own_middle
        seen = [face for face in self._detector.detect(part.upright(roll)) if face.box.holds(own)]
        if not seen:
            return None
        around_middle = max(seen, key=_score).turned(roll, about=own, onto=(0.0, 0.0))
        return around_middle.scaled(1 / part.factor).moved(part.middle)


def _score(face: Detection | None) -> float:
    return 0.0 if face is None else face.score


def _better(one: Detection | None, other: Detection | None) -> Detection | None:
    return other if _score(other) > _score(one) else one
