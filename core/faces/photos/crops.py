"""Square parts of a photo, turned so that a face in them is upright."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.faces.geometry import Box, Point, moved, turned
from core.faces.photos.images import Photo


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A square part of a photo; outside of the photo it is black.

    ``pixels`` is uint8 of shape (S, S, 3), RGB, ``factor`` times the size of the photo.
    """

    pixels: NDArray[np.uint8]
    middle: Point
    factor: float

    def upright(self, roll: float) -> NDArray[np.uint8]:
        """Return the pixels turned back, counter-clockwise, by ``roll`` degrees."""
        image = Image.fromarray(self.pixels)
        return np.asarray(image.rotate(roll, Image.Resampling.BILINEAR), dtype=np.uint8)

    @property
    def own_middle(self) -> Point:
        """Middle of the part in its own pixels."""
        return len(self.pixels) / 2, len(self.pixels) / 2

    def unturned(self, point: Point, roll: float) -> Point:
        """Return where a point of ``upright(roll)`` lies in ``pixels``."""
        half, _ = self.own_middle
        return moved(turned((point[0] - half, point[1] - half), roll), self.own_middle)

    def in_photo(self, point: Point) -> Point:
        """Return where a point of ``pixels`` lies in the photo."""
        half, _ = self.own_middle
        return moved(
            ((point[0] - half) / self.factor, (point[1] - half) / self.factor), self.middle
        )


def crop(photo: Photo, box: Box, *, factor: float) -> Crop:
    """Return the square about a box, with its longer side, from a photo.

    Parameters
    ----------
    factor : float
        Smallest size that will do, at most 1.
    """
    side = max(box.width, box.height)
    square = Box.around(box.middle, side, side)
    region = photo.region(square, factor=factor)
    length = max(1, round(side * region.factor))
    pixels = np.zeros((length, length, 3), dtype=np.uint8)
    left = region.left - round(square.left * region.factor)
    top = region.top - round(square.top * region.factor)
    part = region.pixels[max(-top, 0) : max(length - top, 0), max(-left, 0) : max(length - left, 0)]
    rows, columns = part.shape[:2]
    top, left = max(top, 0), max(left, 0)
    pixels[top : top + rows, left : left + columns] = part
    half = length / 2
    middle = (
        (round(square.left * region.factor) + half) / region.factor,
        (round(square.top * region.factor) + half) / region.factor,
    )
    return Crop(pixels=pixels, middle=middle, factor=region.factor)


def resized(part: Crop, side_px: int) -> Crop:
    """Return the same part with another number of pixels a side."""
    image = Image.fromarray(part.pixels).resize(
        (side_px, side_px), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    factor = part.factor * side_px / len(part.pixels)
    return Crop(pixels=np.asarray(image, dtype=np.uint8), middle=part.middle, factor=factor)
