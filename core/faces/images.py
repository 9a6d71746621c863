"""Photo bytes to upright RGB pixels, no more of them than are needed."""

import math
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.errors import InvalidImage, UnsupportedImage
from core.faces.geometry import Box
from core.faces.opening import open_photo
from core.faces.orientation import Orientation, orientation_of

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

_WHITE: Final = (255, 255, 255)
_JPEG_REDUCTIONS: Final = (8, 4, 2)
_LARGE_PIXELS: Final = 4_000_000
"""Smaller photos are decoded in full at once: faces in them need that for their chips."""

_RESIZABLE_MODES: Final = ("RGB", "L", "CMYK", "YCbCr")


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
    converted; transparent parts lie on white. A large JPEG of which a reduced
    copy will do is decoded at 1/2, 1/4 or 1/8 of its size, which costs a fraction
    of time and memory.

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
        self._bytes = photo
        self._max_pixels = max_pixels
        image = self._open()
        size = image.size
        try:
            if image.format == "PNG":
                image.load()  # its EXIF block may lie behind the pixels
            self._orientation: Orientation = orientation_of(image)
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        self.width, self.height = self._orientation.upright_size(size)
        self._opened: Image.Image | None = image
        self._decoded: Image.Image | None = None
        self._reduction = 1

    def resized(self, factor: float) -> NDArray[np.uint8]:
        """Return the whole photo at ``factor`` times its size.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3)
            RGB, upright.
        """
        image = self._decode(factor)
        remaining = factor * self._reduction
        try:
            if remaining != 1.0:
                image = _scaled(image, remaining)
            return _pixels(self._orientation.upright(image))
        except DECODE_ERRORS as error:
            raise _damaged(error) from error

    def region(self, box: Box, *, factor: float) -> Region:
        """Return the part of the photo in a box, at ``factor`` times its size or larger.

        Parameters
        ----------
        box : Box
            In pixels of the photo; what reaches out of the photo is left out.
        factor : float
            Smallest size that will do, at most 1.
        """
        image = self._decode(factor)
        upright_width, upright_height = self._orientation.upright_size(image.size)
        actual = 1 / self._reduction
        inside = box.scaled(actual).clipped(upright_width, upright_height)
        left, top = int(inside.left), int(inside.top)
        right, bottom = max(left + 1, int(inside.right)), max(top + 1, int(inside.bottom))
        rectangle = self._orientation.stored_rectangle((left, top, right, bottom), image.size)
        try:
            part = _pixels(self._orientation.upright(image.crop(rectangle)))
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        return Region(pixels=part, left=left, top=top, factor=actual)

    def _open(self) -> Image.Image:
        try:
            return open_photo(self._bytes, max_pixels=self._max_pixels)
        except UnsupportedImage as error:
            raise InvalidImage(str(error)) from error
        except DECODE_ERRORS as error:
            raise _damaged(error) from error

    def _decode(self, factor: float) -> Image.Image:
        """Return the stored image at ``factor`` times its size, or larger."""
        if self._decoded is not None and 1 / self._reduction >= min(factor, 1.0):
            return self._decoded
        self._decoded = None  # room for the larger one
        try:
            with self._opened or self._open() as image:
                self._opened = None  # an image is decoded only once
                self._reduction = _reduce(image, factor)
                image.load()
                self._decoded = _resizable(image)
        except DECODE_ERRORS as error:
            raise _damaged(error) from error
        return self._decoded


def decode_photo(photo: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Return all upright pixels of a photo, uint8 of shape (H, W, 3), RGB.

    Raises
    ------
    TooManyPixels, InvalidImage
        As `Photo` does.
    """
    return Photo(photo, max_pixels=max_pixels).resized(1.0)


def _damaged(error: Exception) -> InvalidImage:
    # Pillow's own text names the memory that the photo lies in.
    reason = "it is no image" if isinstance(error, UnidentifiedImageError) else error
    return InvalidImage(f"the image data is damaged: {reason}")


def _reduce(image: Image.Image, factor: float) -> int:
    """Have a JPEG decoded at the smallest size that is large enough; return 1, 2, 4 or 8."""
    if image.format not in ("JPEG", "MPO") or image.width * image.height < _LARGE_PIXELS:
        return 1
    for reduction in _JPEG_REDUCTIONS:
        size = (image.width // reduction, image.height // reduction)
        if 1 / reduction >= factor and min(size) > 0:
            full_width = image.width
            image.draft(image.mode, size)
            return round(full_width / image.width)
    return 1


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    divisor = round(1 / factor)
    if divisor > 1 and math.isclose(1 / divisor, factor):
        return image.reduce(divisor)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR)


def _resizable(image: Image.Image) -> Image.Image:
    """Return an image that can be resampled and cut without surprises."""
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        alpha = layer.getchannel("A")
        if alpha.getextrema() == (255, 255):
            return layer.convert("RGB")
        background = Image.new("RGB", layer.size, _WHITE)
        background.paste(layer, mask=alpha)
        return background
    if image.mode.startswith("I"):
        return Image.fromarray(_high_bytes(np.asarray(image)))
    if image.mode in _RESIZABLE_MODES:
        return image
    return image.convert("RGB")


def _high_bytes(values: NDArray[np.int32] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the upper eight of sixteen bits; what is outside of them is cut off."""
    return (values.clip(0, 65535) >> 8).astype(np.uint8)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    # Pillow would copy what is RGB already.
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    return np.asarray(rgb, dtype=np.uint8)
