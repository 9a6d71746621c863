"""The two headers of a Windows bitmap."""

import struct
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.header import PhotoHeader

SIGNATURE: Final = b"BM"

_OLD_HEADER_BYTES: Final = 12
_HEADERS_BYTES: Final = frozenset({40, 52, 56, 64, 108, 124})
_UNCOMPRESSED: Final = frozenset({0, 3})
_DEPTHS: Final = frozenset({1, 4, 8, 16, 24, 32})


def read_bmp(photo: bytes) -> PhotoHeader:
    """Return what the headers say.

    Compressed bitmaps are refused: no camera writes them, and a few bytes could
    stand for all the pixels that are allowed.

    Raises
    ------
    UnsupportedImage
        If they can't be read.

    References
    ----------
    Microsoft, "Bitmap Storage", BITMAPFILEHEADER and BITMAPV5HEADER.
    """
    if len(photo) < 54:
        raise UnsupportedImage("a BMP file without a header")
    start, header_bytes = struct.unpack_from("<II", photo, 10)
    compression = 0
    if header_bytes == _OLD_HEADER_BYTES:
        width, height, planes, bits = struct.unpack_from("<HHHH", photo, 18)
    elif header_bytes in _HEADERS_BYTES:
        width, height, planes, bits, compression = struct.unpack_from("<iiHHI", photo, 18)
    else:
        raise UnsupportedImage("a BMP file of an unknown kind")
    height = abs(height)  # negative: from top to bottom
    if planes != 1 or bits not in _DEPTHS or compression not in _UNCOMPRESSED:
        raise UnsupportedImage("a compressed BMP file")
    if width <= 0 or height == 0:
        raise UnsupportedImage("a BMP file without pixels")
    row_bytes = (width * bits + 31) // 32 * 4
    complete = start + row_bytes * height <= len(photo)
    return PhotoHeader(format="BMP", width=width, height=height, complete=complete)
