"""Boxes in pixels of the upright image, origin top-left."""

from dataclasses import dataclass
from typing import Self

Point = tuple[float, float]
"""``(x, y)`` in pixels."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels; right and bottom lie just outside it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    def scaled(self, factor: float) -> Self:
        """Return the same rectangle in an image resized by ``factor``."""
        return type(self)(
            left=self.left * factor,
            top=self.top * factor,
            right=self.right * factor,
            bottom=self.bottom * factor,
        )

    def grown(self, share: float) -> Self:
        """Return the rectangle with ``share`` of its sides added on each side."""
        return type(self)(
            left=self.left - self.width * share,
            top=self.top - self.height * share,
            right=self.right + self.width * share,
            bottom=self.bottom + self.height * share,
        )

    def clipped(self, width: int, height: int) -> Self:
        """Return the part that lies inside an image of that size."""
        return type(self)(
            left=min(max(self.left, 0.0), width),
            top=min(max(self.top, 0.0), height),
            right=min(max(self.right, 0.0), width),
            bottom=min(max(self.bottom, 0.0), height),
        )
