"""What a hostile header costs the process that looks at it."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import InvalidImage, InvalidPhoto, UnsupportedImage
from core.faces.photos.headers.heic_items import items_are_readable
from core.faces.photos.photo_header import inspect_photo
from tests.support.photos import ROOT, decode_photo, made_photo

LIMIT = 50_000_000
MEGABYTES_8 = 8 * 2**20
STEPS_MOST = 200_000

_KINDS = {kind: made_photo(kind) for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP")}


def _jpeg_with(inserted: bytes) -> bytes:
    photo = _KINDS["JPEG"]
    return photo[:2] + inserted * (MEGABYTES_8 // len(inserted)) + photo[2:]


def _png_with_empty_chunks() -> bytes:
    photo = _KINDS["PNG"]
    chunk = struct.pack(">I4sI", 0, b"teXt", zlib.crc32(b"teXt"))
    return photo[:33] + chunk * (MEGABYTES_8 // len(chunk)) + photo[33:]


def _webp_with_frames() -> bytes:
    head = b"VP8X" + struct.pack("<I", 10) + b"\x02" + bytes(9)
    body = head + b"ANMF\0\0\0\0" * (MEGABYTES_8 // 8)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_with_empty_chunks() -> bytes:
    """A lossless photo whose pixels come behind all chunks that are looked at."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "WEBP", lossless=True)
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (63).to_bytes(3, "little") * 2
    body = head + b"JUNK\0\0\0\0" * (MEGABYTES_8 // 8) + buffer.getvalue()[12:]
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _heic(inserted: bytes) -> bytes:
    return b"\x00\x00\x00\x10ftypheic\x00\x00\x00\x00" + inserted


HOSTILE: dict[str, Callable[[], bytes]] = {
    "JPEG of empty segments": lambda: _jpeg_with(b"\xff\xe1\x00\x02"),
    "JPEG of restart markers": lambda: _jpeg_with(b"\xff\xd0"),
    "JPEG of padding": lambda: _jpeg_with(b"\xff"),
    "JPEG of junk": lambda: _jpeg_with(b"\x00"),
    "PNG of empty chunks": _png_with_empty_chunks,
    "WebP of frames": _webp_with_frames,
    "WebP of empty chunks": _webp_with_empty_chunks,
    "HEIC of entries that reach to the end": lambda: (
        b"\0\0\0\0ftypheic\0\0\0\0" + b"\0\x7f\x7f\x7finfe" * (MEGABYTES_8 // 8)
    ),
    "HEIC of boxes": lambda: _heic(b"\x00\x00\x00\x08free" * (MEGABYTES_8 // 8)),
    "HEIC of entries": lambda: _heic(
        struct.pack(">I4s", 8 + MEGABYTES_8, b"meta")
        + b"\x00\x00\x00\x10infe\x02\0\0\0\0\0\0\0" * (MEGABYTES_8 // 16)
    ),
}


def _steps(action: Callable[[], object]) -> int:
    """Count the lines of Python that an action runs; what it raises is no matter."""
    steps = 0

    def count(*_: Any) -> Any:
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    except InvalidPhoto:
        pass
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("name", HOSTILE)
def test_eight_megabytes_of_hostile_header_take_a_bounded_number_of_steps(name: str) -> None:
    photo = HOSTILE[name]()

    assert _steps(lambda: inspect_photo(photo, max_pixels=LIMIT)) < STEPS_MOST


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "WebP of frames"])
def test_hostile_header_is_refused_before_a_library_sees_it(name: str) -> None:
    photo = HOSTILE[name]()

    with pytest.raises(UnsupportedImage):
        inspect_photo(photo, max_pixels=LIMIT)
    with pytest.raises(InvalidImage):
        decode_photo(photo, max_pixels=LIMIT)


def test_process_that_looks_at_headers_loads_no_library_for_photos() -> None:
    code = (
        "import sys; import core.submission.photo_intake; "
        "print([name for name in ('PIL', 'pi_heif', '_pi_heif') if name in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert found.stdout == "[]\n", found.stderr


def _heic_with_a_content_type() -> bytes:
    photo = pillow_heif.from_pillow(Image.new("RGB", (64, 64)))
    photo.info["xmp"] = b"<x/>"
    buffer = io.BytesIO()
    photo.save(buffer)
    return buffer.getvalue()


def test_text_without_its_end_never_reaches_the_heic_reader() -> None:
    # libheif cuts the last byte of such a text, half a letter stays, and pi_heif ends the process.
    content = _heic_with_a_content_type().replace(b"rdf+xml\x00\x00", b"rdf+xml\xcc\x97")

    assert b"\xcc\x97" in content
    with pytest.raises(UnsupportedImage, match="not text"):
        inspect_photo(content, max_pixels=LIMIT)
    with pytest.raises(InvalidImage, match="not text"):
        decode_photo(content, max_pixels=LIMIT)


def test_entry_inside_another_one_is_not_readable() -> None:
    inner = b"\x00\x00\x00\x1ainfe\x02\0\0\0\0\x01\0\0mime\0a\xcc\x97"
    outer = struct.pack(">I", 24 + len(inner)) + b"infe\x02\0\0\0\0\x01\0\0free" + inner + b"ab\0"
    box = struct.pack(">I", 8 + len(outer)) + b"meta" + outer

    assert not items_are_readable(_heic(box))


def test_entry_ends_where_its_box_ends() -> None:
    entry = b"\x00\x00\x00\x40infe\x02\0\0\0\0\x01\0\0mime\0"
    box = struct.pack(">I", 8 + len(entry)) + b"meta" + entry

    assert not items_are_readable(_heic(box + bytes(100)))


@given(kind=st.sampled_from(sorted(_KINDS)), data=st.data())
def test_any_change_of_a_photo_is_an_answer_or_a_typed_error(
    kind: str, data: st.DataObject
) -> None:
    photo = bytearray(_KINDS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        photo[data.draw(st.integers(0, min(len(photo), 600) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(photo)))

    try:
        header = inspect_photo(bytes(photo[:end]), max_pixels=LIMIT)
    except InvalidPhoto:
        return
    assert 0 < header.width * header.height <= LIMIT


@pytest.mark.parametrize("bits", ["1", "L", "P", "RGB"])
def test_bitmap_of_every_depth_has_its_size(bits: str) -> None:
    buffer = io.BytesIO()
    Image.new(bits, (13, 7)).save(buffer, "BMP")

    header = inspect_photo(buffer.getvalue(), max_pixels=LIMIT)

    assert (header.width, header.height) == (13, 7)


def test_compressed_bitmap_is_refused() -> None:
    photo = bytearray(_KINDS["BMP"])
    photo[30] = 1  # run-length encoding: few bytes may be many pixels

    with pytest.raises(UnsupportedImage, match="compressed BMP"):
        inspect_photo(bytes(photo), max_pixels=LIMIT)
