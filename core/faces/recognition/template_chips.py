"""Faces by their five points to upright chips, as networks of ArcFace's kind want them."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.faces.geometry import Box, Point
from core.faces.photos.images import Photo

_HALF_PX: Final = 0.5 + 0.5j
"""A point's numbers count from the middle of the first pixel, a box's from its corner."""


def cut_chip(
    photo: Photo, points: Sequence[Point], template: Sequence[Point], side_px: int
) -> NDArray[np.uint8]:
    """Return a face with its points where a template has them.

    Moved, turned and resized such that the squares of the errors are least. Where the face
    is more than twice as large as in the chip, it is reduced first: single pixels of a
    large face would say little of it.

    Parameters
    ----------
    photo : Photo
    points, template : sequence of Point
        In pixels of the photo, and of the chip.
    side_px : int

    Returns
    -------
    ndarray of uint8, shape (side_px, side_px, 3)
        RGB; black outside of the photo.

    References
    ----------
    S. Umeyama, Least-squares estimation of transformation parameters between
    two point patterns, IEEE PAMI 13, 1991.
    """
    start, turn = _similarity(template, points)
    corners = [start + turn * complex(x, y) for x in (0, side_px) for y in (0, side_px)]
    place = Box(
        left=min(corner.real for corner in corners) - 1,
        top=min(corner.imag for corner in corners) - 1,
        right=max(corner.real for corner in corners) + 1,
        bottom=max(corner.imag for corner in corners) + 1,
    )
    region = photo.region(place, factor=min(1.0, 1 / abs(turn)))
    image, factor = Image.fromarray(region.pixels), region.factor
    divisor = max(1, math.floor(abs(turn) * factor))
    if divisor > 1:
        image = image.reduce(divisor)
    start = (start * factor - complex(region.left, region.top)) / divisor
    turn *= factor / divisor
    upright = image.transform(
        (side_px, side_px),
        Image.Transform.AFFINE,
        (turn.real, -turn.imag, start.real, turn.imag, turn.real, start.imag),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(upright, dtype=np.uint8)


def _similarity(points: Sequence[Point], onto: Sequence[Point]) -> tuple[complex, complex]:
    """Return the start, and the turn with its scale, that bring points onto others."""
    sources = np.array([complex(x, y) for x, y in points]) + _HALF_PX
    targets = np.array([complex(x, y) for x, y in onto]) + _HALF_PX
    spread = sources - sources.mean()
    turn = complex(np.vdot(spread, targets - targets.mean()) / np.vdot(spread, spread))
    return complex(targets.mean()) - turn * complex(sources.mean()), turn
