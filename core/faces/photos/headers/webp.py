"""The chunks of a WebP file."""

import struct
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.header import MOST_PARTS, PhotoHeader

_HEAD_BYTES: Final = 30
_ANIMATED: Final = 0x02
_FRAME_START: Final = b"\x9d\x01\x2a"
_LOSSLESS_START: Final = 0x2F
_HELD_BYTES_A_PIXEL: Final = {b"VP8L": 4, b"ALPH": 2}
"""What libwebp holds of chunks that it can't decode row by row; measured."""


def is_webp(photo: bytes) -> bool:
    return photo.startswith(b"RIFF") and photo[8:12] == b"WEBP"


def read_webp(photo: bytes) -> PhotoHeader:
    """Return what the first chunk says, and for an animation the number of frames.

    Raises
    ------
    UnsupportedImage
        If they can't be read, or are too many.

    References
    ----------
    RFC 9649, sections 2.4 to 2.7, 3.4, and RFC 6386, section 9.1.
    """
    width, height = _size(photo)
    (riff_bytes,) = struct.unpack_from("<I", photo, 4)
    kinds = _chunk_kinds(photo)
    animated = photo[12:16] == b"VP8X" and photo[20] & _ANIMATED
    frames = kinds.count(b"ANMF") if animated else 1
    if len(kinds) > MOST_PARTS and frames <= 1:
        raise UnsupportedImage(f"a WebP file with more than {MOST_PARTS} chunks")
    held_a_pixel = max(_HELD_BYTES_A_PIXEL.get(kind, 0) for kind in kinds)
    return PhotoHeader(
        format="WEBP",
        width=width,
        height=height,
        frames=frames,
        complete=riff_bytes + 8 <= len(photo),
        held_bytes=held_a_pixel * width * height,
    )


def _size(photo: bytes) -> tuple[int, int]:
    kind = photo[12:16]
    if len(photo) < _HEAD_BYTES:
        kind = b""
    if kind == b"VP8X":
        width, height = (int.from_bytes(photo[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L" and photo[20] == _LOSSLESS_START:
        (bits,) = struct.unpack_from("<I", photo, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and photo[23:26] == _FRAME_START:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", photo, 26))
    else:
        raise UnsupportedImage("a WebP file without a header")
    if not (width and height):
        raise UnsupportedImage("a WebP file without pixels")
    return width, height


def _chunk_kinds(photo: bytes) -> list[bytes]:
    """Return the names of the chunks, and of too many only the first ones."""
    kinds: list[bytes] = []
    position = 12
    while position + 8 <= len(photo) and len(kinds) <= MOST_PARTS:
        kind, length = struct.unpack_from("<4sI", photo, position)
        kinds.append(kind)
        position += 8 + length + length % 2
    return kinds
