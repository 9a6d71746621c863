import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.errors import InvalidImage, UnsupportedImage
from core.faces.photos.headers.heic_items import items_are_readable
from core.faces.photos.photo_header import inspect_photo
from tests.support.photos import decode_photo

_MAX_PIXELS = 10_000


@pytest.fixture(scope="module")
def heic() -> bytes:
    """Return a HEIC photo of 64 x 48 pixels with an EXIF item."""
    exif = Image.Exif()
    exif[0x010F] = "camera"
    buffer = io.BytesIO()
    pillow_heif.encode("RGB", (64, 48), bytes(64 * 48 * 3), buffer, exif=exif.tobytes())
    return buffer.getvalue()


def _with_exif_renamed(heic: bytes, name: bytes) -> bytes:
    before, entry, rest = heic.partition(b"\x00\x00Exif")
    assert entry
    return before + entry[:2] + name + rest


def test_intact_heic_is_decoded(heic: bytes) -> None:
    assert inspect_photo(heic, max_pixels=_MAX_PIXELS).format == "HEIF"
    assert decode_photo(heic, max_pixels=_MAX_PIXELS).shape == (48, 64, 3)


# Found by scripts/fuzz_decoder.py: a segmentation fault in pi_heif, also on the web tier.
@pytest.mark.parametrize("name", [b"E\x88\x96\x99", b"Exi\xc3", b"\xff\x00\x00\x00"])
def test_item_type_that_is_not_text_is_a_typed_error(heic: bytes, name: bytes) -> None:
    content = _with_exif_renamed(heic, name)

    with pytest.raises(UnsupportedImage):
        inspect_photo(content, max_pixels=_MAX_PIXELS)
    with pytest.raises(InvalidImage, match="not text"):
        decode_photo(content, max_pixels=_MAX_PIXELS)


def test_content_type_that_is_not_text_is_a_typed_error(heic: bytes) -> None:
    content = _with_exif_renamed(heic, b"mime").replace(b"mime\x00", b"mime\xff", 1)

    assert b"mime\xff" in content
    with pytest.raises(InvalidImage, match="not text"):
        decode_photo(content, max_pixels=_MAX_PIXELS)


def test_unknown_item_type_in_ascii_is_no_reason_to_refuse(heic: bytes) -> None:
    content = _with_exif_renamed(heic, b"abcd")

    assert decode_photo(content, max_pixels=_MAX_PIXELS).shape == (48, 64, 3)


def test_pixels_that_look_like_an_item_are_no_reason_to_refuse(heic: bytes) -> None:
    pixels = b"\x00\x00\x00\x15infe\x02\x00\x00\x00\x00\x01\x00\x00\xff\xff\xff\xff"
    short = (8 + len(pixels)).to_bytes(4, "big") + b"mdat" + pixels
    long = b"\x00\x00\x00\x01mdat" + (16 + len(pixels)).to_bytes(8, "big") + pixels
    endless = b"\x00\x00\x00\x00mdat" + pixels

    for box in (short, long, endless):
        assert items_are_readable(heic + box)
    assert decode_photo(heic + short, max_pixels=_MAX_PIXELS).shape == (48, 64, 3)


@pytest.mark.parametrize("version", [0, 2, 3])
def test_entry_is_read_where_its_version_says(version: int) -> None:
    ids = bytes(2 if version <= 2 else 4) + bytes(2)
    for name, readable in ((b"mime\xc3\xa9\x00", True), (b"mim\xc3\xa9\x00", False)):
        entry = b"infe" + bytes([version, 0, 0, 0]) + ids + name
        box = (4 + len(entry)).to_bytes(4, "big") + entry
        content = b"\x00\x00\x00\x0cftypheic" + (8 + len(box)).to_bytes(4, "big") + b"meta" + box

        assert items_are_readable(content) is readable


@pytest.mark.parametrize("size", [0, 1, 7, 0xFFFFFFFF])
def test_entry_with_an_impossible_size_never_raises(size: int) -> None:
    entry = size.to_bytes(4, "big") + b"infe" + bytes(4)

    for content in (entry, b"infe", b"\x00\x00\x00\x08mdat" + entry):
        assert items_are_readable(b"\x00\x00\x00\x0cftypheic" + content) in (True, False)


def test_every_prefix_of_a_heic_is_an_answer_or_a_typed_error(heic: bytes) -> None:
    for end in range(len(heic)):
        try:
            pixels = decode_photo(heic[:end], max_pixels=_MAX_PIXELS)
        except InvalidImage:
            continue
        assert np.shape(pixels) == (48, 64, 3)
