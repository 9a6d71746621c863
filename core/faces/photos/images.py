"""Photo bytes to upright RGB pixels, no more of them than are needed."""

import math
import struct
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.errors import InvalidImage, UnsupportedImage
from core.faces.geometry import Box
from core.faces.photos.colours import as_pixels, rgb_profile
from core.faces.photos.decoding import KEPT_PIXELS, Decoded, decode, lighter, reduction_for
from core.faces.photos.memory import release_freed_memory
from core.faces.photos.opening import OpenedPhoto, open_photo
from core.faces.photos.orientation import Orientation, orientation_of
from core.faces.photos.photo_header import BYTES_A_PIXEL
from core.faces.photos.stored import reduced

DECODE_ERRORS: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow and its plugins raise on damaged files; found by feeding them damaged files."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of a photo, perhaps reduced.

    ``pixels`` is uint8 of shape (H, W, 3), RGB; its pixel (x, y) is that of the
    photo at ((x + left) / factor, (y + top) / factor).
    """

    pixels: NDArray[np.uint8]
    left: int
    top: int
    factor: float


class Photo:
    """An opened photo; decodes as late and as little as it can.

    EXIF orientation is applied; CMYK, grey, palette and 16-bit images are
    converted; transparent parts lie on white. A large JPEG or WebP of which a reduced
    copy will do is decoded at 1/2, 1/4 or 1/8 of its size, which costs a fraction
    of time and memory, and so is one that would need too much memory otherwise.

    Parameters
    ----------
    photo : bytes
        A JPEG, PNG, WebP, HEIC, AVIF or BMP file.
    max_pixels : int
        Most pixels that will be decoded.

    Raises
    ------
    TooManyPixels
        If the header announces more than ``max_pixels``.
    InvalidImage
        Here and in every method, if the file can't be decoded to its end.
    """

    def __init__(self, photo: bytes, *, max_pixels: int) -> None:
        started_s = time.perf_counter()
        self._bytes = photo
        self._max_pixels = max_pixels
        opened = self._open()
        size = opened.image.size
        try:
            if opened.header.format == "PNG":
                opened.image.load()  # its EXIF block may lie behind the pixels
            self._orientation: Orientation = orientation_of(opened.image)
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        self.width, self.height = self._orientation.upright_size(size)
        self.colour_profile = rgb_profile(opened.image)
        """Which colours the pixels mean, where a file of the photo's own colours says so."""
        self._header = opened.header
        self._opened: OpenedPhoto | None = opened
        self._decoded: Decoded | None = None
        self.decoding_s = time.perf_counter() - started_s
        """What opening and decoding have taken so far."""

    def resized(self, factor: float) -> NDArray[np.uint8]:
        """Return the whole photo at ``factor`` times its size.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3)
            RGB, upright.
        """
        decoded = self._decode(factor)
        try:
            return as_pixels(self._orientation.upright(_scaled(decoded, factor)))
        except DECODE_ERRORS as error:
            raise _damaged(error) from error

    def region(self, box: Box, *, factor: float) -> Region:
        """Return the part of the photo in a box, at ``factor`` times its size or larger.

        Parameters
        ----------
        box : Box
            In pixels of the photo; what reaches out of the photo is left out.
        factor : float
            Smallest size that will do, at most 1. A photo that would need too much
            memory gives less.
        """
        decoded = self._decode(factor)
        size = decoded.stored.size
        actual = 1 / decoded.reduction
        inside = box.scaled(actual).clipped(*self._orientation.upright_size(size))
        left, top = int(inside.left), int(inside.top)
        right, bottom = max(left + 1, int(inside.right)), max(top + 1, int(inside.bottom))
        rectangle = self._orientation.stored_rectangle((left, top, right, bottom), size)
        try:
            part = as_pixels(self._orientation.upright(decoded.stored.crop(rectangle)))
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        return Region(pixels=part, left=left, top=top, factor=actual)

    def _open(self) -> OpenedPhoto:
        try:
            return open_photo(self._bytes, max_pixels=self._max_pixels)
        except UnsupportedImage as error:
            raise InvalidImage(str(error)) from error
        except DECODE_ERRORS as error:
            raise _damaged(error) from error

    def _decode(self, factor: float) -> Decoded:
        """Return the stored pixels at ``factor`` times their size or larger, if memory allows."""
        most_bytes = int(BYTES_A_PIXEL * self._max_pixels)
        reduction = reduction_for(self._header, factor, most_bytes=most_bytes)
        if self._decoded is not None and self._decoded.serves(factor, reduction):
            return self._decoded
        self._decoded = None  # room for the larger one
        self._release()
        self._decoded = self._freshly_decoded(factor, reduction)
        self._release()
        return self._decoded

    def _freshly_decoded(self, factor: float, reduction: int) -> Decoded:
        started_s = time.perf_counter()
        opened = self._opened or self._open()
        self._opened = None  # an image is decoded only once
        try:
            with opened.image:
                return lighter(decode(opened, self._bytes, reduction=reduction), factor)
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        finally:
            self.decoding_s += time.perf_counter() - started_s

    def _release(self) -> None:
        """Return what a very large photo, or the detector for it, no longer needs."""
        if self._header.width * self._header.height > KEPT_PIXELS:
            release_freed_memory()


def _damaged(error: Exception) -> InvalidImage:
    # Pillow's own text names the memory that the photo lies in.
    reason = "it is no image" if isinstance(error, UnidentifiedImageError) else error
    return InvalidImage(f"the image data is damaged: {reason}")


def _scaled(decoded: Decoded, factor: float) -> Image.Image:
    remaining = factor * decoded.reduction
    divisor = max(1, round(1 / remaining))
    if math.isclose(1 / divisor, remaining):
        return reduced(decoded.stored, divisor)
    image = reduced(decoded.stored, 1)
    size = (max(1, round(image.width * remaining)), max(1, round(image.height * remaining)))
    return image.resize(size, Image.Resampling.BILINEAR)
