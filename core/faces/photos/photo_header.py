"""What the header and the end of a photo tell, without decoding a pixel and without a library."""

from collections.abc import Callable
from typing import Final

from core.errors import AnimatedImage, EmptyFile, TooManyPixels, TruncatedImage, UnsupportedImage
from core.faces.photos.headers import bmp, jpeg, png
from core.faces.photos.headers.header import PhotoHeader
from core.faces.photos.headers.iso_photo import is_iso_photo, read_iso_photo
from core.faces.photos.headers.kinds import name_of
from core.faces.photos.headers.webp import is_webp, read_webp

ACCEPTED: Final = "JPEG, PNG, WebP, HEIC, AVIF and BMP"

BYTES_A_PIXEL: Final = 6.4
"""Memory that decoding may take for each of ``MAX_PIXELS``: 320 MB for 50 megapixels."""

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
    check_size(header, max_pixels=max_pixels)
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


def check_size(header: PhotoHeader, *, max_pixels: int) -> None:
    """Refuse a photo that has too many pixels, or needs too much memory for them.

    Raises
    ------
    TooManyPixels
        If there are more than ``max_pixels``, or fewer in a kind of which decoders hold
        more than `BYTES_A_PIXEL` for each pixel that is accepted.
    """
    pixels, most = header.width * header.height, max_pixels
    kind = ""
    if header.held_bytes > BYTES_A_PIXEL * max_pixels:
        most = int(pixels * BYTES_A_PIXEL * max_pixels / header.held_bytes)
        kind = f" in this kind of {header.format}"
    if pixels > most:
        raise TooManyPixels(
            f"{header.width} x {header.height} pixels; at most {min(most, max_pixels)} are "
            f"accepted{kind}"
        )
