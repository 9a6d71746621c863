"""Decoding: orientation, modes, damage."""

import io
import resource
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidImage, InvalidPhoto, TooManyPixels
from core.faces.photos.photo_header import inspect_photo
from tests.support.photos import decode_photo, made_photo, shared_folder

LIMIT = 50_000_000


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP"])
def test_every_accepted_format_is_decoded(image_format: str) -> None:
    pixels = decode_photo(made_photo(image_format), max_pixels=LIMIT)

    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP", "HEIF", "AVIF"])
def test_exif_orientation_is_applied(image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter

    pixels = decode_photo(made_photo(image_format, exif=exif.tobytes()), max_pixels=LIMIT)

    assert pixels.shape == (64, 48, 3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remark on the broken block
def test_broken_exif_counts_as_none() -> None:
    photo = made_photo("JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")

    assert decode_photo(photo, max_pixels=LIMIT).shape == (48, 64, 3)


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "I;16", "CMYK"])
def test_other_modes_become_rgb(mode: str) -> None:
    image = Image.new("I;16", (5, 4), 0x8000) if mode == "I;16" else Image.new(mode, (5, 4))
    photo = encoded(image, "JPEG" if mode == "CMYK" else "PNG")

    assert decode_photo(photo, max_pixels=LIMIT).shape == (4, 5, 3)


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    photo = encoded(Image.new("I;16", (5, 4), 0x8000), "PNG")

    assert decode_photo(photo, max_pixels=LIMIT).max() == 0x80


def test_transparent_parts_lie_on_white() -> None:
    photo = encoded(Image.new("RGBA", (5, 4), (200, 0, 0, 0)), "PNG")

    assert decode_photo(photo, max_pixels=LIMIT).min() == 255


def test_damaged_data_is_an_invalid_image() -> None:
    photo = bytearray(made_photo("PNG", size=(200, 200)))
    photo[len(photo) // 2] ^= 0xFF

    with pytest.raises(InvalidImage, match="damaged"):
        decode_photo(bytes(photo), max_pixels=LIMIT)


def test_pixels_are_counted_again_before_decoding() -> None:
    with pytest.raises(TooManyPixels):
        decode_photo(made_photo("PNG", size=(100, 100)), max_pixels=9_999)


def test_all_eight_orientations_give_the_same_upright_size() -> None:
    folder = shared_folder("exif-orientation") / "face-derived"
    for stem in {path.name.split("_orient")[0] for path in folder.iterdir()}:
        shapes = {
            decode_photo(path.read_bytes(), max_pixels=LIMIT).shape
            for path in folder.glob(f"{stem}_orient*")
        }
        assert len(shapes) == 1, stem


def test_every_broken_file_that_passes_inspection_decodes_or_is_invalid() -> None:
    paths = sorted(shared_folder("broken-half").glob("*/*"))
    limited = ProcessPoolExecutor(1, get_context("spawn"), initializer=limit_this_process)
    with limited:
        endings = list(limited.map(ending_of, paths))

    assert {"decoded", "INVALID_IMAGE", "TRUNCATED_IMAGE", "UNSUPPORTED_IMAGE"} <= set(endings)


def limit_this_process() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    warnings.simplefilter("ignore")


def ending_of(path: Path) -> str:
    photo = path.read_bytes()
    try:
        inspect_photo(photo, max_pixels=LIMIT)
        pixels = decode_photo(photo, max_pixels=LIMIT)
    except InvalidPhoto as error:
        return error.code
    return "decoded" if pixels.ndim == 3 else f"odd shape {pixels.shape}"


def encoded(image: Image.Image, image_format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format)
    return buffer.getvalue()
