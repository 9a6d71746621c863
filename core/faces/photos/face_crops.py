"""Small pictures of faces, to be shown to people, and to be embedded again by another model."""

import io
import math
from typing import Final

from PIL import Image

from core.faces.geometry import Box, moved, turned
from core.faces.photos.images import Photo

CROP_SIDE_PX: Final = 160
CROP_MARGIN: Final = 0.3
"""Share of a face's side that is shown around it."""
_JPEG_QUALITY: Final = 90
_TILT: Final = 15.0
_ROOM: Final = math.sqrt(2)
"""A square keeps its corners when it is turned, if it is cut from one that much larger."""


def face_crop(photo: Photo, box: Box, *, roll: float) -> bytes:
    """Return a face as a square JPEG of 160 pixels a side, upright and with a margin.

    Parameters
    ----------
    box : Box
        In pixels of the photo; what lies outside of the photo is black.
    roll : float
        By how many degrees the face is turned clockwise. It is not turned back by less than 15:
        people tilt their heads, and pixels stay sharper.
    """
    shown = box.grown(CROP_MARGIN)
    side = max(shown.width, shown.height, 1.0)
    if abs(roll) < _TILT:
        face = _square(photo, Box.around(shown.middle, side, side), CROP_SIDE_PX)
    else:
        room = Box.around(shown.middle, side * _ROOM, side * _ROOM)
        wide = _square(photo, room, round(CROP_SIDE_PX * _ROOM))
        face = _turned_back(wide, roll)
    file = io.BytesIO()
    face.save(file, "JPEG", quality=_JPEG_QUALITY, icc_profile=photo.colour_profile)
    return file.getvalue()


def _square(photo: Photo, square: Box, side_px: int) -> Image.Image:
    """Return a square part of a photo at a size; what is not in the photo is black."""
    factor = side_px / square.width
    region = photo.region(square, factor=min(1.0, factor))
    remaining = factor / region.factor
    rows, columns = region.pixels.shape[:2]
    size = (max(1, round(columns * remaining)), max(1, round(rows * remaining)))
    part = Image.fromarray(region.pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if size == (side_px, side_px):
        return part
    whole = Image.new("RGB", (side_px, side_px))
    left = (region.left - square.left * region.factor) * remaining
    top = (region.top - square.top * region.factor) * remaining
    whole.paste(part, (round(left), round(top)))
    return whole


def _turned_back(image: Image.Image, roll: float) -> Image.Image:
    """Return the middle of an image, turned counter-clockwise by ``roll`` degrees."""
    half = CROP_SIDE_PX / 2
    left, top = moved(turned((-half, -half), roll), (image.width / 2, image.height / 2))
    (right_x, right_y), (down_x, down_y) = turned((1, 0), roll), turned((0, 1), roll)
    return image.transform(
        (CROP_SIDE_PX, CROP_SIDE_PX),
        Image.Transform.AFFINE,
        (right_x, down_x, left, right_y, down_y, top),
        Image.Resampling.BICUBIC,
    )
