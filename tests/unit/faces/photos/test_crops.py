"""Square parts of a photo."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.geometry import Box
from core.faces.photos.crops import crop, resized
from core.faces.photos.images import Photo


def _photo(pixels: NDArray[np.uint8]) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Photo(buffer.getvalue(), max_pixels=1_000_000)


def _dotted(x: int, y: int) -> Photo:
    pixels = np.zeros((60, 80, 3), dtype=np.uint8)
    pixels[y - 1 : y + 2, x - 1 : x + 2] = 255
    return _photo(pixels)


def _brightest(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.nonzero(pixels[:, :, 0] > 128)
    return float(columns.mean() + 0.5), float(rows.mean() + 0.5)


@pytest.mark.parametrize("roll", [0, 30, 90, 135, 180, -90])
@pytest.mark.parametrize("dot", [(30, 20), (55, 35)])
@pytest.mark.parametrize(
    "box",
    [
        Box(left=20, top=10, right=60, bottom=50),
        Box(left=10, top=-20, right=90, bottom=50),  # reaches out of the photo
    ],
)
def test_point_of_a_turned_crop_is_found_again_in_the_photo(
    box: Box, dot: tuple[int, int], roll: float
) -> None:
    part = crop(_dotted(*dot), box, factor=1.0)

    seen = _brightest(part.upright(roll))

    assert part.in_photo(part.unturned(seen, roll)) == pytest.approx(
        (dot[0] + 0.5, dot[1] + 0.5), abs=0.3
    )


def test_crop_is_square_and_black_outside_of_the_photo() -> None:
    white = _photo(np.full((60, 80, 3), 255, dtype=np.uint8))

    part = crop(white, Box(left=70, top=50, right=90, bottom=60), factor=1.0)

    assert part.pixels.shape == (20, 20, 3)
    assert part.pixels[:15, :10].min() == 255
    assert part.pixels[15:].max() == 0
    assert part.pixels[:, 10:].max() == 0


def test_resized_crop_shows_the_same_part() -> None:
    part = resized(
        crop(_dotted(40, 30), Box(left=20, top=10, right=60, bottom=50), factor=1.0), 120
    )

    assert part.pixels.shape == (120, 120, 3)
    assert part.in_photo(_brightest(part.pixels)) == pytest.approx((40.5, 30.5), abs=0.5)
