"""Decoded pixels as they are stored: converted when they are asked for, and no more than those.

A conversion of the whole photo would need a second copy of it, which for 50 megapixels is
200 MB.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.faces.photos.colours import from_deep_grey, is_deep_grey, resizable, used_bits
from core.faces.photos.orientation import Rectangle

_STRIP_PIXELS: Final = 4_000_000


class Stored(Protocol):
    """Pixels of which parts can be had; ``size`` is width and height."""

    @property
    def size(self) -> tuple[int, int]: ...

    def crop(self, rectangle: Rectangle) -> Image.Image:
        """Return a part that can be resampled without surprises."""
        ...


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """Pixels that Pillow decoded."""

    image: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def crop(self, rectangle: Rectangle) -> Image.Image:
        return resizable(_part(self.image, rectangle))


@dataclass(frozen=True, kw_only=True)
class StoredDeepGrey:
    """Pixels of 16 bits and grey, of which the lowest ``bits`` hold brightness."""

    image: Image.Image
    bits: int

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def crop(self, rectangle: Rectangle) -> Image.Image:
        return from_deep_grey(_part(self.image, rectangle), bits=self.bits)


@dataclass(frozen=True, kw_only=True)
class StoredArray:
    """Pixels of another library.

    ``pixels`` is uint8 of shape (H, W) or (H, W, C), in the channels of Pillow's ``mode``.
    ``owner`` is kept as long as they are, where their memory is another object's.
    """

    pixels: NDArray[np.uint8]
    mode: str
    owner: object = None

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    def crop(self, rectangle: Rectangle) -> Image.Image:
        left, top, right, bottom = rectangle
        part = self.pixels[top:bottom, left:right]
        return resizable(Image.frombytes(self.mode, (right - left, bottom - top), part.tobytes()))


def stored(image: Image.Image, *, said_bits: int | None) -> Stored:
    """Return what Pillow decoded; a small image is converted at once.

    Parameters
    ----------
    said_bits : int, optional
        What a PNG's ``sBIT`` chunk says.
    """
    source: Stored = StoredImage(image=image)
    if is_deep_grey(image):
        source = StoredDeepGrey(image=image, bits=used_bits(image, said_bits))
    if image.width * image.height > _STRIP_PIXELS:
        return source
    return StoredImage(image=source.crop((0, 0, *image.size)))


def reduced(source: Stored, divisor: int) -> Image.Image:
    """Return all pixels at a whole part of their size, converted strip by strip."""
    width, height = source.size
    rows = max(1, _STRIP_PIXELS // (width * divisor)) * divisor
    if rows >= height:
        return _reduced_part(source, (0, 0, width, height), divisor)
    whole = Image.new("RGB", (-(-width // divisor), -(-height // divisor)))
    for top in range(0, height, rows):
        part = _reduced_part(source, (0, top, width, min(top + rows, height)), divisor)
        whole.paste(part.convert("RGB"), (0, top // divisor))
    return whole


def _reduced_part(source: Stored, rectangle: Rectangle, divisor: int) -> Image.Image:
    part = source.crop(rectangle)
    return part if divisor == 1 else part.reduce(divisor)


def _part(image: Image.Image, rectangle: Rectangle) -> Image.Image:
    whole = rectangle == (0, 0, *image.size)
    return image if whole else image.crop(rectangle)
