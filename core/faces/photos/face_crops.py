"""Small pictures of faces, to be shown to people, and to be embedded again by another model."""

import io
import math
from typing import Final

from PIL import Image

from core.faces.geometry import Box, Point, moved, turned
from core.faces.photos.images import Photo

CROP_SIDE_PX: Final = 160
CROP_MARGIN: Final = 0.3
"""Share of a face's side that is shown around it."""
_JPEG_QUALITY: Final = 90
_ROOM: Final = math.sqrt(2)
"""A square keeps its corners when it is turned, if it is cut from one that much larger."""


def face_crop(photo: Photo, box: Box, *, roll: float) -> bytes:
    """Return a face as a square JPEG of 160 pixels a side, upright and with a margin.

    Parameters
    ----------
    box : Box
        In pixels of the photo; what lies outside of the photo is black.
    roll : float
        By how many degrees the face is turned clockwise.
    """
    shown = box.grown(CROP_MARGIN)
    side = max(shown.width, shown.height, 1.0)
    factor = CROP_SIDE_PX / side
    region = photo.region(
        Box.around(shown.middle, side * _ROOM, side * _ROOM), factor=min(1.0, factor)
    )
    image = Image.fromarray(region.pixels)
    remaining = factor / region.factor
    size = (max(1, round(image.width * remaining)), max(1, round(image.height * remaining)))
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    x, y = shown.middle
    middle = (
        (x * region.factor - region.left) * remaining,
        (y * region.factor - region.top) * remaining,
    )
    file = io.BytesIO()
    _turned_back(small, roll, about=middle).save(
        file, "JPEG", quality=_JPEG_QUALITY, icc_profile=photo.colour_profile
    )
    return file.getvalue()


def _turned_back(image: Image.Image, roll: float, *, about: Point) -> Image.Image:
    """Return the square about a point, turned counter-clockwise by ``roll`` degrees."""
    half = CROP_SIDE_PX / 2
    left, top = moved(turned((-half, -half), roll), about)
    (right_x, right_y), (down_x, down_y) = turned((1, 0), roll), turned((0, 1), roll)
    return image.transform(
        (CROP_SIDE_PX, CROP_SIDE_PX),
        Image.Transform.AFFINE,
        (right_x, down_x, left, right_y, down_y, top),
        Image.Resampling.BICUBIC,
    )
