"""Points and boxes in pixels of the upright image, origin top-left, y down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

Point = tuple[float, float]
"""``(x, y)`` in pixels."""


def turned(point: Point, degrees: float) -> Point:
    """Return a point turned clockwise about the origin."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y = point
    return x * cosine - y * sine, x * sine + y * cosine


def moved(point: Point, by: Point) -> Point:
    """Return a point shifted by another."""
    return point[0] + by[0], point[1] + by[1]


def middle_of(one: Point, other: Point) -> Point:
    """Return the point halfway between two."""
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def half_turn_range(degrees: float) -> float:
    """Return the same direction as an angle from −180 up to, not including, 180."""
    return (degrees + 180) % 360 - 180


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels; right and bottom lie just outside it."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, middle: Point, width: float, height: float) -> Self:
        """Return the rectangle of a size about a point."""
        x, y = middle
        return cls(
            left=x - width / 2, top=y - height / 2, right=x + width / 2, bottom=y + height / 2
        )

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    def holds(self, point: Point) -> bool:
        """Tell whether a point lies inside."""
        return self.left <= point[0] < self.right and self.top <= point[1] < self.bottom

    def scaled(self, factor: float) -> Self:
        """Return the same rectangle in an image resized by ``factor``."""
        return type(self)(
            left=self.left * factor,
            top=self.top * factor,
            right=self.right * factor,
            bottom=self.bottom * factor,
        )

    def moved(self, by: Point) -> Self:
        """Return the same rectangle, shifted."""
        return self.around(moved(self.middle, by), self.width, self.height)

    def grown(self, share: float) -> Self:
        """Return the rectangle with ``share`` of its sides added on each side."""
        return type(self)(
            left=self.left - self.width * share,
            top=self.top - self.height * share,
            right=self.right + self.width * share,
            bottom=self.bottom + self.height * share,
        )

    def turned(self, degrees: float, *, about: Point, onto: Point) -> Self:
        """Return the box of what the rectangle holds, turned clockwise.

        Faces are oval: the box of the turned oval, not that of the turned corners.

        Parameters
        ----------
        about, onto : Point
            The middle of the turn, and where it comes to lie.
        """
        start = moved(self.middle, (-about[0], -about[1]))
        angle = math.radians(degrees)
        cosine, sine = math.cos(angle), math.sin(angle)
        return self.around(
            moved(turned(start, degrees), onto),
            math.hypot(self.width * cosine, self.height * sine),
            math.hypot(self.width * sine, self.height * cosine),
        )

    def clipped(self, width: int, height: int) -> Self:
        """Return the part that lies inside an image of that size."""
        return type(self)(
            left=min(max(self.left, 0.0), width),
            top=min(max(self.top, 0.0), height),
            right=min(max(self.right, 0.0), width),
            bottom=min(max(self.bottom, 0.0), height),
        )


def corners(box: Box) -> list[float]:
    """Return left, top, right and bottom of a box."""
    return [box.left, box.top, box.right, box.bottom]


def box_of(numbers: Sequence[float]) -> Box:
    """Return the box with these `corners`."""
    left, top, right, bottom = numbers
    return Box(left=left, top=top, right=right, bottom=bottom)
