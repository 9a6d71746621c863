"""The segments of a JPEG up to its first scan."""

import re
import struct
from collections.abc import Iterator
from typing import Final

from core.errors import UnsupportedImage
from core.faces.headers.header import MOST_PARTS, PhotoHeader

SIGNATURE: Final = b"\xff\xd8\xff"

_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = b"\xff\xd9"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_APP2: Final = 0xE2
_TWO_PICTURES: Final = b"MPF\x00"
_COMPONENTS: Final = frozenset({1, 3, 4})

_MOST_JUNK_BYTES: Final = 4_096
_MARKER: Final = re.compile(rb"[^\xff]*\xff+([^\xff])")
"""A marker, and what decoders skip before it: junk and padding."""


def read_jpeg(photo: bytes) -> PhotoHeader:
    """Return what the segments say.

    Raises
    ------
    UnsupportedImage
        If they can't be read, or are too many.

    References
    ----------
    ITU-T T.81, annex B.
    """
    size: tuple[int, int] | None = None
    kind, complete = "JPEG", False
    for marker, start in _segments(photo):
        if marker in _FRAMES:
            size = _size(photo, start)
        elif marker == _APP2 and photo.startswith(_TWO_PICTURES, start):
            kind = "MPO"
        elif marker == _START_OF_SCAN:
            # Thumbnails before the scan have an end of their own.
            complete = photo.find(_END_OF_IMAGE, start) != -1
    if size is None:
        raise UnsupportedImage("a JPEG that does not say its size")
    return PhotoHeader(format=kind, width=size[0], height=size[1], complete=complete)


def _segments(photo: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment's content, up to the first scan or the file's end."""
    position = 2
    for _ in range(MOST_PARTS):
        found = _MARKER.match(photo, position, position + _MOST_JUNK_BYTES)
        if found is None:
            return
        marker, position = found[1][0], found.end()
        if marker == _END_OF_IMAGE[1] or position + 2 > len(photo):
            return
        if marker in _WITHOUT_LENGTH:
            continue
        yield marker, position + 2
        if marker == _START_OF_SCAN:
            return
        (length,) = struct.unpack_from(">H", photo, position)
        position += max(length, 2)
    raise UnsupportedImage(f"a JPEG with more than {MOST_PARTS} segments before its pixels")


def _size(photo: bytes, start: int) -> tuple[int, int] | None:
    if start + 6 > len(photo):
        return None
    bits, height, width, components = struct.unpack_from(">BHHB", photo, start)
    if bits != 8 or components not in _COMPONENTS or not (width and height):
        raise UnsupportedImage("a JPEG of a kind that no decoder here reads")
    return width, height
