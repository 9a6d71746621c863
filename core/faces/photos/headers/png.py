"""The chunks of a PNG up to its pixels."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.header import MOST_PARTS, PhotoHeader

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits a sample that the colour types allow."""


def read_png(photo: bytes) -> PhotoHeader:
    """Return what the chunks say.

    Raises
    ------
    UnsupportedImage
        If they can't be read, or are too many.

    References
    ----------
    W3C PNG specification, third edition; ``acTL`` announces an animation, ``sBIT`` says
    how many bits the camera had.
    """
    width, height = _size(photo)
    frames, complete, significant_bits = 1, False, None
    for kind, start in _chunks(photo):
        if kind == b"acTL" and start + 4 <= len(photo):
            (frames,) = struct.unpack_from(">I", photo, start)
        elif kind == b"sBIT" and start < len(photo):
            significant_bits = photo[start]
        elif kind == b"IDAT":
            complete = photo.rfind(_END, start) != -1
    return PhotoHeader(
        format="PNG",
        width=width,
        height=height,
        frames=frames,
        complete=complete,
        significant_bits=significant_bits,
    )


def _size(photo: bytes) -> tuple[int, int]:
    head = photo[8:33]
    if len(head) < 25 or head[:8] != b"\x00\x00\x00\rIHDR":
        raise UnsupportedImage("a PNG without a header")
    width, height, bits, colours, packing, filtering = struct.unpack_from(">IIBBBB", head, 8)
    if zlib.crc32(head[4:21]) != int.from_bytes(head[21:25], "big"):
        raise UnsupportedImage("a PNG whose header is damaged")
    if packing or filtering or bits not in _DEPTHS.get(colours, ()) or not (width and height):
        raise UnsupportedImage("a PNG of a kind that does not exist")
    return width, height


def _chunks(photo: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield name and place of each chunk's content, up to the first pixels or the file's end."""
    position = len(SIGNATURE)
    for _ in range(MOST_PARTS):
        if position + 8 > len(photo):
            return
        length, kind = struct.unpack_from(">I4s", photo, position)
        yield kind, position + 8
        if kind == b"IDAT":
            return
        position += 12 + length
    raise UnsupportedImage(f"a PNG with more than {MOST_PARTS} chunks before its pixels")
