"""A photo at ever smaller sizes, all on one canvas, as dlib's CNN detector wants it.

One canvas means one run of the network, and the margins between the sizes are
the ones that the network was trained with.

References
----------
dlib/image_transforms/image_pyramid.h and dlib/dnn/input.h:
``input_rgb_image_pyramid<pyramid_down<6>>``.
"""

from dataclasses import dataclass
from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.models.model_files import MEAN_RGB, PIXEL_SCALE

STEPS: Final = 6
"""Each level has 5/6 of the side of the level before."""

_PADDING_PX: Final = 10
_OUTER_PADDING_PX: Final = 11
_MIN_HEIGHT_PX: Final = 5
_SHIFT_PX: Final = 0.3
"""dlib's resampling moves each level by so much."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Where one size of the photo lies on the canvas, in whole pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Size of the canvas and its levels, largest first.

    The first levels stand in a column from top to bottom; the smaller ones go
    back up on the right, as far as there is room beside the first.
    """

    width: int
    height: int
    levels: tuple[Level, ...]


def plan_layout(width: int, height: int) -> Layout:
    """Return the places of all levels of a photo of ``width`` x ``height`` pixels."""
    sizes = _level_sizes(width, height)
    column_height, in_column = _first_column(sizes)
    levels: list[Level] = []
    top = _OUTER_PADDING_PX
    for level_width, level_height in sizes[:in_column]:
        levels.append(
            Level(left=_OUTER_PADDING_PX, top=top, width=level_width, height=level_height)
        )
        top += level_height + _PADDING_PX
    bottom = top - _PADDING_PX
    right = _OUTER_PADDING_PX + width
    for level_width, level_height in sizes[in_column:]:
        level = Level(
            left=right - level_width,
            top=bottom - level_height,
            width=level_width,
            height=level_height,
        )
        if _overlap(level, levels[0]):
            break
        levels.append(level)
        bottom -= level_height + _PADDING_PX
    return Layout(
        width=width + 2 * _OUTER_PADDING_PX,
        height=column_height + 2 * _OUTER_PADDING_PX,
        levels=tuple(levels),
    )


def draw_canvas(image: NDArray[np.uint8], layout: Layout) -> NDArray[np.float32]:
    """Return the canvas with the photo at all sizes, as the network's input.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        The photo for which ``layout`` was planned, RGB.

    Returns
    -------
    ndarray of float32, shape (1, 3, layout.height, layout.width)
        Normalised; 0, the mean colour, between the levels.
    """
    canvas = np.zeros((1, 3, layout.height, layout.width), dtype=np.float32)
    for channel, plane in enumerate(canvas[0]):
        drawn = (image[:, :, channel] - MEAN_RGB[channel]) / PIXEL_SCALE
        for index, level in enumerate(layout.levels):
            if index > 0:
                drawn = dlib.resize_image(drawn, rows=level.height, cols=level.width)
            plane[level.top : level.top + level.height, level.left : level.left + level.width] = (
                drawn
            )
    return canvas


def canvas_to_photo(points: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """Map corners of squares on the canvas to pixels of the photo.

    Parameters
    ----------
    points : ndarray of float64, shape (N, 2, 2)
        Top left and bottom right corner, as (x, y); the level of a square is
        the one nearest to its middle.

    Returns
    -------
    ndarray of float64, shape (N, 2, 2)
    """
    indices = _nearest_levels(points.mean(axis=1), layout)
    origins = np.array([(level.left, level.top) for level in layout.levels], dtype=np.float64)
    mapped = points - origins[indices][:, None, :]
    ratio = STEPS / (STEPS - 1)
    for depth in range(1, len(layout.levels)):
        deeper = indices >= depth
        mapped[deeper] = mapped[deeper] * ratio + _SHIFT_PX
    return mapped


def _level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    sizes = [(width, height)]
    while True:
        # dlib multiplies by the rounded ratio, so that 6 pixels make 5 but 18 may make 14.
        width, height = (int((STEPS - 1.0) / STEPS * side) for side in sizes[-1])
        if width == 0 or height < _MIN_HEIGHT_PX:
            return sizes
        sizes.append((width, height))


def _first_column(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return height and number of levels of the first column.

    It ends where the next level fits beside the one before, and at least half
    of what is left of the pyramid stands under the first level.
    """
    width, height = sizes[0]
    total = sum(level_height + _PADDING_PX for _, level_height in sizes) - 2 * _PADDING_PX
    column, previous_width = 0, 0
    for index, (level_width, level_height) in enumerate(sizes):
        fits_beside = level_width <= width - previous_width - _PADDING_PX
        if fits_beside and (column - height) * 2 >= total - height:
            return column - _PADDING_PX, index
        column += level_height + _PADDING_PX
        previous_width = level_width
    return column - _PADDING_PX, len(sizes)


def _overlap(one: Level, other: Level) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def _nearest_levels(points: NDArray[np.float64], layout: Layout) -> NDArray[np.intp]:
    """Return the index of the level nearest to each point; the first of equals."""
    low = np.array([(level.left, level.top) for level in layout.levels], dtype=np.float64)
    size = np.array([(level.width, level.height) for level in layout.levels], dtype=np.float64)
    inside = np.clip(points[:, None, :], low, low + size - 1)
    distances = np.square(points[:, None, :] - inside).sum(axis=2)
    nearest: NDArray[np.intp] = np.argmin(distances, axis=1)
    return nearest
