"""Large photos are converted in strips, and decoded no larger than memory allows."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from core.errors import TooManyPixels
from core.faces.geometry import Box
from core.faces.photos.colours import resizable
from core.faces.photos.decoding import reduction_for
from core.faces.photos.headers.header import PhotoHeader
from core.faces.photos.images import Photo
from core.faces.photos.photo_header import BYTES_A_PIXEL, inspect_photo, read_header
from core.faces.photos.stored import reduced, stored
from core.faces.photos.webp_decoder import can_scale, decoded_webp
from tests.support.photos import ROOT

pillow_heif.register_heif_opener()

SIZE = (2600, 2001)
LIMIT = 50_000_000


def scene(mode: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a gradient with a square and, where the mode has alpha, clear parts."""
    red = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (red, red.transpose(Image.Transpose.ROTATE_180), red))
    ImageDraw.Draw(image).rectangle((100, 200, 900, 700), fill="navy")
    if mode in ("RGBA", "LA"):
        image.putalpha(red)
    return image.convert(mode)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
@pytest.mark.parametrize("divisor", [1, 3, 7])
def test_strips_are_the_same_as_the_whole(mode: str, divisor: int) -> None:
    image = scene(mode)
    if mode == "P":
        image.info["transparency"] = bytes(range(0, 250, 5))

    in_strips = reduced(stored(image, said_bits=None), divisor)

    at_once = resizable(image)
    at_once = at_once.reduce(divisor) if divisor > 1 else at_once
    assert np.array_equal(np.asarray(in_strips), np.asarray(at_once.convert("RGB")))


def test_libwebp_of_this_pillow_can_scale() -> None:
    assert can_scale()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [False, True])
def test_webp_has_the_pixels_that_pillow_sees(mode: str, lossless: bool) -> None:
    photo = encoded(scene(mode, (301, 203)), "WEBP", lossless=lossless, exact=True)
    with Image.open(io.BytesIO(photo)) as image:
        expected = np.asarray(image)

    assert np.array_equal(decoded_webp(photo, reduction=1), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_reduced_webp_shows_the_same(mode: str) -> None:
    image = scene(mode, (301, 203))
    photo = encoded(image, "WEBP", lossless=True, exact=True)

    pixels = decoded_webp(photo, reduction=4)

    expected = np.asarray(image.reduce(4)).astype(int)
    assert pixels.shape == expected.shape == (51, 76, len(mode))
    assert np.abs(pixels - expected).mean() < 4


def test_damaged_webp_is_a_typed_error() -> None:
    photo = encoded(scene("RGB", (301, 203)), "WEBP")

    with pytest.raises(ValueError, match="libwebp"):
        decoded_webp(photo[: len(photo) // 2], reduction=1)


@pytest.mark.parametrize(
    ("image_format", "options"),
    [("JPEG", {"subsampling": 0}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
def test_region_of_a_large_photo_shows_the_same_at_every_size(
    image_format: str, options: dict[str, Any]
) -> None:
    photo = Photo(encoded(scene("RGB"), image_format, **options), max_pixels=LIMIT)

    photo.resized(1 / 8)
    pixels = photo.resized(1.0)

    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(pixels.astype(int) - np.asarray(scene("RGB"))).mean() < 3


@pytest.mark.parametrize(
    ("mode", "options", "bytes_a_pixel"),
    [
        ("RGB", {}, 0),
        ("RGB", {"progressive": True, "subsampling": 0}, 6),
        ("RGB", {"progressive": True, "subsampling": 2}, 3),
        ("L", {"progressive": True}, 2),
        ("CMYK", {"progressive": True, "subsampling": 0}, 8),
    ],
)
def test_jpeg_says_what_its_scans_take(
    mode: str, options: dict[str, Any], bytes_a_pixel: int
) -> None:
    header = read_header(encoded(scene(mode, (160, 160)), "JPEG", **options))

    assert header.held_bytes == bytes_a_pixel * 160 * 160


@pytest.mark.parametrize(
    ("mode", "options", "bytes_a_pixel"),
    [("RGB", {}, 0), ("RGB", {"lossless": True}, 4), ("RGBA", {}, 2)],
)
def test_webp_says_what_it_takes(mode: str, options: dict[str, Any], bytes_a_pixel: int) -> None:
    header = read_header(encoded(scene(mode, (160, 160)), "WEBP", **options))

    assert header.held_bytes == bytes_a_pixel * 160 * 160


@pytest.mark.parametrize(
    ("image_format", "held", "factor", "reduction"),
    [
        ("JPEG", 0, 1.0, 1),
        ("JPEG", 0, 0.3, 2),
        ("JPEG", 0, 0.01, 8),
        ("JPEG", 3, 1.0, 2),
        ("JPEG", 6, 1.0, 4),
        ("WEBP", 4, 1.0, 2),
        ("WEBP", 2, 2.0, 1),
        ("PNG", 0, 0.1, 1),
    ],
)
def test_largest_photo_is_reduced_to_what_memory_allows(
    image_format: str, held: int, factor: float, reduction: int
) -> None:
    pixels = 8000 * 6250
    header = PhotoHeader(format=image_format, width=8000, height=6250, held_bytes=held * pixels)

    answer = reduction_for(header, factor, most_bytes=int(BYTES_A_PIXEL * pixels))

    assert answer == reduction


@pytest.mark.parametrize(
    ("mode", "subsampling", "bytes_a_pixel"),
    [("RGB", "4:2:0", 9), ("RGB", "4:4:4", 10.5), ("RGBA", "4:2:0", 12), ("L", "4:0:0", 8.5)],
)
def test_avif_says_what_it_takes(mode: str, subsampling: str, bytes_a_pixel: float) -> None:
    header = read_header(encoded(scene(mode, (160, 160)), "AVIF", subsampling=subsampling))

    assert header.held_bytes == bytes_a_pixel * 160 * 160


def test_very_many_pixels_are_not_kept_while_a_small_copy_will_do() -> None:
    size = (8000, 4000)
    photo = Photo(encoded(scene("L", size), "PNG", compress_level=1), max_pixels=LIMIT)

    small = photo.resized(1 / 8)
    closer = photo.resized(1 / 4)
    region = photo.region(Box(left=100, top=200, right=500, bottom=600), factor=1.0)

    whole = scene("L", size)
    assert region.factor == 1.0
    assert np.array_equal(region.pixels[..., 0], np.asarray(whole.crop((100, 200, 500, 600))))
    for pixels, divisor in ((small, 8), (closer, 4)):
        assert np.abs(pixels[..., 0].astype(int) - np.asarray(whole.reduce(divisor))).max() <= 1


@pytest.mark.parametrize(("mode", "bytes_a_pixel"), [("RGB", 0), ("RGBA", 8)])
def test_heic_says_what_transparent_parts_take(mode: str, bytes_a_pixel: int) -> None:
    header = read_header(encoded(scene(mode, (64, 64)), "HEIF"))

    assert header.held_bytes == bytes_a_pixel * 64 * 64


def test_kind_that_takes_more_memory_has_a_lower_limit() -> None:
    photo = encoded(scene("RGB", (100, 100)), "AVIF")

    assert inspect_photo(photo, max_pixels=15_000).format == "AVIF"
    with pytest.raises(TooManyPixels, match="at most 8533 are accepted in this kind of AVIF"):
        inspect_photo(photo, max_pixels=12_000)
    with pytest.raises(TooManyPixels, match="in this kind of AVIF"):
        Photo(photo, max_pixels=12_000)


_MEGAPIXELS_16 = (5000, 3200)
_LOOK = """
import sys
from pathlib import Path
from core.faces.geometry import Box
from core.faces.photos.images import Photo

def peak():
    (line,) = [l for l in open("/proc/self/status") if l.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

content = Path(sys.argv[1]).read_bytes()
Photo(Path(sys.argv[2]).read_bytes(), max_pixels=16_000_000).resized(1.0)  # loads what it needs
before = peak()
photo = Photo(content, max_pixels=16_000_000)
photo.resized(0.1)
photo.region(Box(left=10, top=10, right=400, bottom=400), factor=1.0)
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("mode", "image_format", "options"),
    [
        ("RGB", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
        ("RGB", "PNG", {"compress_level": 1}),
        ("RGBA", "PNG", {"compress_level": 1}),
        ("LA", "PNG", {"compress_level": 1}),
        ("P", "PNG", {"transparency": bytes(range(200))}),
        ("1", "PNG", {}),
        ("I;16", "PNG", {}),
        ("RGBA", "WEBP", {"method": 0}),
        ("RGB", "WEBP", {"lossless": True, "method": 0}),
        ("RGBA", "WEBP", {"lossless": True, "method": 0, "exact": True}),
        ("RGB", "BMP", {}),
    ],
)
def test_memory_of_the_largest_photo_is_bounded(
    tmp_path: Path, mode: str, image_format: str, options: dict[str, Any]
) -> None:
    image = scene("L" if mode == "I;16" else mode, _MEGAPIXELS_16)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    (tmp_path / "large").write_bytes(encoded(image, image_format, **options))
    (tmp_path / "small").write_bytes(encoded(image.resize((64, 48)), image_format, **options))

    finished = subprocess.run(
        [sys.executable, "-c", _LOOK, str(tmp_path / "large"), str(tmp_path / "small")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    strips_and_file = 60_000_000
    assert int(finished.stdout) < BYTES_A_PIXEL * 16_000_000 + strips_and_file
