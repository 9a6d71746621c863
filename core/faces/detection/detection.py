"""What a face detector is."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box, Point, half_turn_range, moved, turned


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A face that was found; ``score`` rises with the detector's confidence.

    ``landmark_box`` is where dlib's landmark model expects the face: the box
    that dlib's own detectors would have drawn. It is a square that is turned
    clockwise about its middle by ``roll`` degrees, as the image was when the
    face was found in it. ``tilt`` is by how much more the face leans clockwise,
    in degrees; 0 where the detector can't tell. ``points`` are the person's right
    eye, left eye, nose, right and left corner of the mouth, where the detector
    gives them.
    """

    box: Box
    landmark_box: Box
    score: float
    roll: float = 0.0
    tilt: float = 0.0
    points: tuple[Point, ...] = ()

    @property
    def side(self) -> float:
        """Smaller side of the box."""
        return min(self.box.width, self.box.height)

    def scaled(self, factor: float) -> Self:
        """Return the same face in an image resized by ``factor``."""
        return replace(
            self,
            box=self.box.scaled(factor),
            landmark_box=self.landmark_box.scaled(factor),
            points=tuple((x * factor, y * factor) for x, y in self.points),
        )

    def moved(self, by: Point) -> Self:
        """Return the same face in an image of which ``by`` is the former origin."""
        return replace(
            self,
            box=self.box.moved(by),
            landmark_box=self.landmark_box.moved(by),
            points=tuple(moved(point, by) for point in self.points),
        )

    def turned(self, degrees: float, *, about: Point, onto: Point) -> Self:
        """Return the same face in the image turned clockwise.

        Parameters
        ----------
        about, onto : Point
            The middle of the turn, and where it comes to lie.
        """

        def turn(point: Point) -> Point:
            return moved(turned((point[0] - about[0], point[1] - about[1]), degrees), onto)

        middle = turn(self.landmark_box.middle)
        return replace(
            self,
            box=self.box.turned(degrees, about=about, onto=onto),
            landmark_box=Box.around(middle, self.landmark_box.width, self.landmark_box.height),
            roll=half_turn_range(self.roll + degrees),
            points=tuple(turn(point) for point in self.points),
        )


class Detector(Protocol):
    """Finds the faces of an image, looking at it once, at its own size."""

    @property
    def smallest_face_px(self) -> float:
        """Side of the smallest faces that are found reliably."""
        ...

    @property
    def min_score(self) -> float:
        """Score under which something is only a hint: perhaps a face that is turned."""
        ...

    @property
    def sure_score(self) -> float:
        """Score from which on nearly everything that is found is a face."""
        ...

    @property
    def upright_score(self) -> float:
        """Score that only upright faces have."""
        ...

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), and hints, in its own pixels."""
        ...
