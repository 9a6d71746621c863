"""Hands a photo to the one library that reads its format. Only children that may die do so."""

import io
from dataclasses import dataclass, replace
from typing import Final

import pi_heif
from PIL import (
    AvifImagePlugin,  # noqa: F401 - or Pillow would import the readers of all formats
    Image,
    WebPImagePlugin,  # noqa: F401
)

from core.faces.photos.headers.header import PhotoHeader
from core.faces.photos.photo_header import check_size, read_header

pi_heif.register_heif_opener()

# `check_size` is the limit; Pillow's own would only warn at half of it.
Image.MAX_IMAGE_PIXELS = None

_READERS: Final = {"MPO": "JPEG"}
"""Pillow's names of the readers that are called otherwise than the format."""


@dataclass(frozen=True, kw_only=True)
class OpenedPhoto:
    """A photo before it is decoded, as we and as Pillow read its header."""

    header: PhotoHeader
    image: Image.Image


def open_photo(photo: bytes, *, max_pixels: int) -> OpenedPhoto:
    """Open a photo with Pillow, which fails on a damaged one in many ways.

    Raises
    ------
    UnsupportedImage
        If it has none of the accepted formats, or its header is out of bounds.
    TooManyPixels
        By our own reading of the header, and again by Pillow's.
    """
    header = read_header(photo)
    check_size(header, max_pixels=max_pixels)
    image = Image.open(io.BytesIO(photo), formats=[_READERS.get(header.format, header.format)])
    seen = replace(header, width=image.width, height=image.height)
    check_size(seen, max_pixels=max_pixels)
    return OpenedPhoto(header=header, image=image)
