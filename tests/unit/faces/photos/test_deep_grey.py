"""Grey of 16 bits: cameras of 10, 12 and 14 bits, and transparent parts."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.photos import decode_photo

LIMIT = 10_000_000


def png(values: NDArray[np.uint16], *, said_bits: int | None = None, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", **options)
    content = buffer.getvalue()
    if said_bits is None:
        return content
    body = b"sBIT" + bytes([said_bits])
    chunk = struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body))
    return content[:33] + chunk + content[33:]


def ramp(largest: int, size: tuple[int, int] = (60, 80)) -> NDArray[np.uint16]:
    height, width = size
    row = np.linspace(0, largest, width).astype(np.uint16)
    return np.tile(row, (height, 1))


def test_all_sixteen_bits_keep_their_brightness() -> None:
    pixels = decode_photo(png(ramp(65535)), max_pixels=LIMIT)

    assert np.array_equal(pixels[0, :, 0], ramp(65535)[0] >> 8)


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("said", [False, True])
def test_bits_of_a_camera_become_the_whole_range(bits: int, said: bool) -> None:
    values = ramp((1 << bits) - 1)

    pixels = decode_photo(png(values, said_bits=bits if said else None), max_pixels=LIMIT)

    assert np.array_equal(pixels[0, :, 0], values[0] >> (bits - 8))


def test_dark_photo_is_as_dark_as_its_camera_says() -> None:
    values = ramp(300)

    pixels = decode_photo(png(values, said_bits=12), max_pixels=LIMIT)

    assert pixels.max() == 300 >> 4


def test_stretched_numbers_are_not_stretched_again() -> None:
    values = (ramp(1023) << 6).astype(np.uint16)

    pixels = decode_photo(png(values, said_bits=10), max_pixels=LIMIT)

    assert np.array_equal(pixels[0, :, 0], values[0] >> 8)


@pytest.mark.parametrize("said_bits", [0, 1, 16, 255])
def test_odd_number_of_bits_is_no_reason_to_fail(said_bits: int) -> None:
    pixels = decode_photo(png(ramp(65535), said_bits=said_bits), max_pixels=LIMIT)

    assert pixels[0, -1, 0] == 255


def test_only_the_transparent_grey_is_white() -> None:
    values = ramp(60000)
    values[:, 10] = 12345

    pixels = decode_photo(png(values, transparency=12345), max_pixels=LIMIT)

    assert pixels[0, 10].tolist() == [255, 255, 255]
    assert pixels[0, 20, 0] == values[0, 20] >> 8


def test_large_photo_is_stretched_alike_everywhere() -> None:
    values = ramp(4095, size=(2100, 2000))
    values[:1000] //= 8  # the upper strip alone would be stretched more

    pixels = decode_photo(png(values), max_pixels=LIMIT)

    assert np.array_equal(pixels[..., 0], values >> 4)
