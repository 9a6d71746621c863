"""Stored colours of every kind to what can be resampled without surprises."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WHITE: Final = (255, 255, 255)
_RESIZABLE_MODES: Final = ("RGB", "L", "CMYK", "YCbCr")
_SIXTEEN_BITS: Final = 16
_DEEPEST_CAMERA_BITS: Final = 14
_MOST_PROFILE_BYTES: Final = 4096
"""Those of cameras and screens have some hundred bytes; those of printers half a million."""


def resizable(image: Image.Image) -> Image.Image:
    """Return an image that can be resampled and cut; transparent parts lie on white."""
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        alpha = layer.getchannel("A")
        if alpha.getextrema() == (255, 255):
            return layer.convert("RGB")
        background = Image.new("RGB", layer.size, _WHITE)
        background.paste(layer, mask=alpha)
        return background
    if image.mode in _RESIZABLE_MODES:
        return image
    return image.convert("RGB")


def is_deep_grey(image: Image.Image) -> bool:
    """Return whether an image is grey of 16 bits or more, which Pillow can't convert."""
    return image.mode.startswith("I")


def used_bits(image: Image.Image, said_bits: int | None) -> int:
    """Return how many of a deep grey image's bits hold brightness, at least 8.

    Cameras with 10, 12 or 14 bits often write their numbers into 16 as they are, though
    PNG wants them stretched; some say in an ``sBIT`` chunk how many bits they have.

    Parameters
    ----------
    said_bits : int, optional
        What ``sBIT`` says.
    """
    largest = _largest(image)
    if said_bits is not None and 8 <= said_bits < _SIXTEEN_BITS and largest < 1 << said_bits:
        return said_bits
    bits = int(largest).bit_length()
    return max(8, bits) if bits <= _DEEPEST_CAMERA_BITS else _SIXTEEN_BITS


def from_deep_grey(image: Image.Image, *, bits: int) -> Image.Image:
    """Return a grey image of 8 bits; what ``tRNS`` names as transparent is white."""
    values = np.asarray(image)
    grey = (values.clip(0, (1 << bits) - 1) >> (bits - 8)).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey)


def _largest(image: Image.Image) -> int:
    _, largest = image.getextrema()
    assert not isinstance(largest, tuple)  # noqa: S101 - grey has one channel
    return int(largest)


def as_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return uint8 of shape (H, W, 3), RGB."""
    # Pillow would copy what is RGB already.
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    return np.asarray(rgb, dtype=np.uint8)


def rgb_profile(image: Image.Image) -> bytes | None:
    """Return the ICC profile of an image in RGB, None if it has none, or one of many bytes."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or len(profile) > _MOST_PROFILE_BYTES:
        return None
    return profile if profile[16:20] == b"RGB " and image.mode.startswith("RGB") else None
