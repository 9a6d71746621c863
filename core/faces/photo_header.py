"""What the header and the end of a photo tell, without decoding a pixel and without a library."""

from collections.abc import Callable
from typing import Final

from core.errors import AnimatedImage, EmptyFile, TooManyPixels, TruncatedImage, UnsupportedImage
from core.faces.headers import bmp, jpeg, png
from core.faces.headers.header import PhotoHeader
from core.faces.headers.iso_photo import is_iso_photo, read_iso_photo
from core.faces.headers.kinds import name_of
from core.faces.headers.webp import is_webp, read_webp

ACCEPTED: Final = "JPEG, PNG, WebP, HEIC, AVIF and BMP"

_READERS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], PhotoHeader]], ...]] = (
    (lambda photo: photo.startswith(jpeg.SIGNATURE), jpeg.read_jpeg),
    (lambda photo: photo.startswith(png.SIGNATURE), png.read_png),
    (is_webp, read_webp),
    (is_iso_photo, read_iso_photo),
    (lambda photo: photo.startswith(bmp.SIGNATURE), bmp.read_bmp),
)


def inspect_photo(photo: bytes, *, max_pixels: int) -> PhotoHeader:
    """Accept or refuse a photo by its header and its end.

    Raises
    ------
    EmptyFile, UnsupportedImage, TooManyPixels, AnimatedImage, TruncatedImage
        The first of these that applies, in this order.
    """
    if not photo:
        raise EmptyFile("the file is empty")
    header = read_header(photo)
    check_pixels(header.width, header.height, max_pixels=max_pixels)
    if header.frames > 1:
        raise AnimatedImage("it has several frames; a photo has one")
    if not header.complete:
        raise TruncatedImage("the end of the file is missing")
    return header


def read_header(photo: bytes) -> PhotoHeader:
    """Return format and size of a photo, by its content.

    Raises
    ------
    UnsupportedImage
        If it has none of the accepted formats, or its header can't be read.
    """
    for is_one, read in _READERS:
        if is_one(photo):
            try:
                return read(photo)
            except UnsupportedImage as error:
                raise UnsupportedImage(f"it is {error}; accepted are {ACCEPTED}") from error
    raise UnsupportedImage(f"it is {name_of(photo)}; accepted are {ACCEPTED}")


def check_pixels(width: int, height: int, *, max_pixels: int) -> None:
    """Raise `TooManyPixels` for more than are accepted."""
    if width * height > max_pixels:
        raise TooManyPixels(f"{width} x {height} pixels; at most {max_pixels} are accepted")
