import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import InvalidImage, TooManyPixels
from core.faces.geometry import Box
from core.faces.photos.images import Photo
from tests.support.photos import decode_photo

_SIZE = (64, 48)


def _scene() -> Image.Image:
    """Return a smooth picture without any symmetry."""
    columns, rows = np.meshgrid(np.linspace(0, 1, _SIZE[0]), np.linspace(0, 1, _SIZE[1]))
    planes = [columns * 255, rows * 255, (columns * rows) * 255]
    return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8))


def _encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _jpeg_held(orientation: int, *, size: tuple[int, int] = _SIZE) -> bytes:
    """Return a JPEG that is upright when its EXIF orientation is applied."""
    backwards = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    scene = _scene().resize(size)
    stored = scene if backwards is None else scene.transpose(backwards)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _encoded(stored, "JPEG", quality=100, subsampling=0, exif=exif)


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int64) - other).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_becomes_upright(orientation: int) -> None:
    pixels = decode_photo(_jpeg_held(orientation), max_pixels=10_000)

    assert pixels.shape == (48, 64, 3)
    assert _difference(pixels, np.asarray(_scene())) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("factor", [1.0, 0.5, 0.25])
def test_region_is_the_same_part_of_the_upright_photo(orientation: int, factor: float) -> None:
    photo = Photo(_jpeg_held(orientation, size=(2560, 1920)), max_pixels=5_000_000)
    upright = np.asarray(_scene().resize((2560, 1920)))

    region = photo.region(Box(left=320, top=160, right=960, bottom=640), factor=factor)

    assert region.factor == factor
    assert (region.left, region.top) == (320 * factor, 160 * factor)
    step = round(1 / factor)
    assert _difference(region.pixels, upright[160:640:step, 320:960:step]) < 3


@pytest.mark.parametrize("factor", [1.0, 0.6, 0.5, 0.3, 0.1, 1.5])
def test_resized_photo_has_the_asked_size_in_any_orientation(factor: float) -> None:
    for orientation in range(1, 9):
        photo = Photo(_jpeg_held(orientation, size=(500, 300)), max_pixels=1_000_000)

        assert photo.resized(factor).shape == (round(300 * factor), round(500 * factor), 3)


def test_larger_size_after_a_smaller_one_is_as_sharp_as_at_once() -> None:
    content = _jpeg_held(1, size=(2400, 1800))
    photo = Photo(content, max_pixels=5_000_000)

    photo.resized(0.1)

    assert np.array_equal(photo.resized(1.0), decode_photo(content, max_pixels=5_000_000))


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "LA", "RGBA", "I;16", "YCbCr"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(_scene().convert("L")).astype(np.uint16) * 257)
    else:
        image = _scene().convert(mode)
    file_format = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"

    pixels = decode_photo(_encoded(image, file_format), max_pixels=10_000)

    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    grey_scene = np.asarray(_scene().convert("L"))
    assert _difference(np.asarray(Image.fromarray(pixels).convert("L")), grey_scene) < 20


def test_transparent_parts_lie_on_white() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))

    assert decode_photo(_encoded(image), max_pixels=16).tolist() == [[[255] * 3] * 4] * 4


def test_region_outside_of_the_photo_has_a_pixel() -> None:
    photo = Photo(_jpeg_held(1), max_pixels=10_000)

    region = photo.region(Box(left=-50, top=-50, right=-40, bottom=-40), factor=1.0)

    assert region.pixels.shape == (1, 1, 3)


def test_photo_with_too_many_pixels_is_refused_before_decoding() -> None:
    with pytest.raises(TooManyPixels, match="64 x 48 pixels; at most 3071"):
        Photo(_jpeg_held(1), max_pixels=64 * 48 - 1)


@pytest.mark.parametrize("factor", [1.0, 0.1])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_truncated_photo_is_an_invalid_image_at_any_size(file_format: str, factor: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    content = _encoded(Image.fromarray(noise), file_format)

    with pytest.raises(InvalidImage):
        Photo(content[: len(content) // 2], max_pixels=100_000).resized(factor)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_content_that_is_no_photo_is_an_invalid_image(content: bytes) -> None:
    with pytest.raises(InvalidImage):
        Photo(content, max_pixels=100)


def test_photo_without_bytes_is_said_to_be_empty() -> None:
    with pytest.raises(InvalidImage, match="it is an empty file"):
        Photo(b"", max_pixels=100)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_block_counts_as_upright() -> None:
    content = _encoded(_scene(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")

    assert decode_photo(content, max_pixels=10_000).shape == (48, 64, 3)
