import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.faces.geometry import Point
from core.faces.models.embedder_description import ARCFACE
from core.faces.photos.images import Photo
from core.faces.recognition.template_chips import cut_chip

_SIDE_PX = 112


def _photo(pixels: NDArray[np.uint8]) -> Photo:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Photo(buffer.getvalue(), max_pixels=10_000_000)


def _placed(*, scale: float, degrees: float, x: float, y: float) -> list[Point]:
    """Return the template's points in a photo."""
    angle = math.radians(degrees)
    turn = scale * complex(math.cos(angle), math.sin(angle))
    places = [turn * complex(*point) + complex(x, y) for point in ARCFACE]
    return [(place.real, place.imag) for place in places]


def _dots(points: list[Point], side_px: int) -> NDArray[np.uint8]:
    """Return a black picture with a white dot at each point."""
    pixels = np.zeros((side_px, side_px, 3), dtype=np.uint8)
    for x, y in points:
        pixels[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4] = 255
    return pixels


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -100])
@pytest.mark.parametrize("scale", [0.9, 1.7, 5.0])
def test_points_come_to_lie_where_the_template_has_them(scale: float, degrees: float) -> None:
    points = _placed(scale=scale, degrees=degrees, x=620, y=600)

    chip = cut_chip(_photo(_dots(points, 1300)), points, ARCFACE, _SIDE_PX)

    assert chip.shape == (_SIDE_PX, _SIDE_PX, 3)
    for x, y in ARCFACE:
        assert chip[round(y), round(x)].min() > 60
    assert chip.mean() < 12


def test_chip_is_that_of_the_insightface_package() -> None:
    face_align = pytest.importorskip("insightface.utils.face_align", exc_type=ImportError)
    generator = np.random.default_rng(3)
    noise = Image.fromarray(generator.integers(0, 256, (300, 300, 3), dtype=np.uint8))
    pixels = np.asarray(noise.filter(ImageFilter.GaussianBlur(2)))
    points = [(120.0, 110.0), (160.0, 100.0), (145.0, 130.0), (130.0, 155.0), (165.0, 148.0)]

    chip = cut_chip(_photo(pixels), points, ARCFACE, _SIDE_PX)

    with pytest.warns(FutureWarning):
        package = face_align.norm_crop(pixels, np.array(points, dtype=np.float32), _SIDE_PX)
    assert np.abs(chip.astype(int) - package).mean() < 1


def test_face_larger_than_the_chip_is_reduced_to_its_means() -> None:
    generator = np.random.default_rng(3)
    noise = generator.integers(0, 2, (900, 900, 1), dtype=np.uint8).repeat(3, axis=2) * 255

    chip = cut_chip(_photo(noise), _placed(scale=7, degrees=10, x=50, y=20), ARCFACE, _SIDE_PX)

    assert chip[10:-10, 30:-10].std() < 30  # single pixels have 127


def test_what_lies_outside_of_the_photo_is_black() -> None:
    white = np.full((100, 100, 3), 255, dtype=np.uint8)

    chip = cut_chip(_photo(white), _placed(scale=1, degrees=0, x=-60, y=0), ARCFACE, _SIDE_PX)

    assert chip[:90, :55].max() == 0
    assert chip[:90, 65:].min() == 255
