"""What the header and the end of a photo tell, without decoding a pixel."""

import io
import struct
from dataclasses import dataclass
from typing import Final

import pi_heif
from PIL import Image

from core.errors import AnimatedImage, EmptyFile, TooManyPixels, TruncatedImage, UnsupportedImage
from core.faces.heic_items import items_are_readable

pi_heif.register_heif_opener()

# TooManyPixels below is the limit; Pillow's own would only warn at half of it.
Image.MAX_IMAGE_PIXELS = None

ACCEPTED_FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")
"""Pillow's names. Its JPEG reader also answers for MPO, the two-image JPEG of many phones."""

_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = b"\xff\xd9"
_HEIC_BOXES: Final = frozenset({b"meta", b"mdat"})
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"


@dataclass(frozen=True, kw_only=True)
class PhotoHeader:
    """Format and stored size (before any EXIF rotation) of a photo."""

    format: str
    width: int
    height: int


def inspect_photo(photo: bytes, *, max_pixels: int) -> PhotoHeader:
    """Accept or refuse a photo by its header and its end.

    Raises
    ------
    EmptyFile, UnsupportedImage, TooManyPixels, AnimatedImage, TruncatedImage
        The first of these that applies, in this order.
    """
    if not photo:
        raise EmptyFile("the file is empty")
    try:
        with open_photo(photo) as image:
            header = PhotoHeader(format=image.format or "", width=image.width, height=image.height)
            frames = getattr(image, "n_frames", 1)
    except Exception as error:  # each of Pillow's readers fails in ways of its own
        raise UnsupportedImage(
            "not a JPEG, PNG, WebP or HEIC image, judged by its content"
        ) from error
    if header.width * header.height > max_pixels:
        raise TooManyPixels(
            f"{header.width} x {header.height} pixels; at most {max_pixels} are accepted"
        )
    if frames > 1 and header.format in ("PNG", "WEBP"):
        raise AnimatedImage(f"{frames} frames; a photo has one")
    if not _IS_COMPLETE[header.format](photo):
        raise TruncatedImage("the end of the file is missing")
    return header


def open_photo(photo: bytes) -> Image.Image:
    """Open a photo with Pillow, which fails on a damaged one in many ways.

    Raises
    ------
    ValueError
        Among others, where the HEIC reader would end the process.
    """
    if not items_are_readable(photo):
        raise ValueError("an item's type or name is not text")
    return Image.open(io.BytesIO(photo), formats=ACCEPTED_FORMATS)


def _jpeg_is_complete(photo: bytes) -> bool:
    """Look for the end marker behind the first scan; thumbnails before it have their own."""
    position = 2
    while position + 4 <= len(photo):
        if photo[position] != 0xFF:  # junk between segments, which decoders skip as well
            position = photo.find(b"\xff", position)
            if position == -1:
                return False
            continue
        marker = photo[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == _START_OF_SCAN:
            return photo.find(_END_OF_IMAGE, position) != -1
        else:
            (length,) = struct.unpack_from(">H", photo, position + 2)
            position += 2 + length
    return False


def _png_is_complete(photo: bytes) -> bool:
    return _PNG_END in photo


def _webp_is_complete(photo: bytes) -> bool:
    (riff_bytes,) = struct.unpack_from("<I", photo, 4)
    return int(riff_bytes) + 8 <= len(photo)


def _heic_is_complete(photo: bytes) -> bool:
    """Walk the top-level ISO boxes; ``meta`` and ``mdat`` must end inside the file."""
    position = 0
    complete: set[bytes] = set()
    while position + 8 <= len(photo) and not complete >= _HEIC_BOXES:
        size, kind = struct.unpack_from(">I4s", photo, position)
        if size == 1 and position + 16 <= len(photo):
            (size,) = struct.unpack_from(">Q", photo, position + 8)
        elif size == 0:  # the last box reaches to the end of the file
            size = len(photo) - position
        if size < 8 or position + size > len(photo):
            return False
        complete.add(kind)
        position += size
    return complete >= _HEIC_BOXES


_IS_COMPLETE: Final = {
    "JPEG": _jpeg_is_complete,
    "MPO": _jpeg_is_complete,
    "PNG": _png_is_complete,
    "WEBP": _webp_is_complete,
    "HEIF": _heic_is_complete,
}
