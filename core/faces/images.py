"""Photo bytes to upright RGB pixels."""

import io
import struct
from typing import Final

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.errors import InvalidImage, TooManyPixels
from core.faces.photo_header import ACCEPTED_FORMATS

pi_heif.register_heif_opener()

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


def decode_photo(photo: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Return the upright pixels of a photo.

    EXIF orientation is applied; CMYK, grey, palette and 16-bit images are
    converted; transparent parts lie on white.

    Parameters
    ----------
    photo : bytes
        A JPEG, PNG, WebP or HEIC file.
    max_pixels : int
        Most pixels that will be decoded.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB.

    Raises
    ------
    TooManyPixels
        If the header announces more than ``max_pixels``.
    InvalidImage
        If the file can't be decoded to its end.
    """
    try:
        with Image.open(io.BytesIO(photo), formats=ACCEPTED_FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise TooManyPixels(f"{width} x {height} pixels; at most {max_pixels} are accepted")
            image.load()
            return np.asarray(_to_rgb(_upright(image)), dtype=np.uint8)
    except DECODE_ERRORS as error:
        raise InvalidImage(f"the image data is damaged: {error}") from error


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; a broken EXIF block counts as none."""
    try:
        return ImageOps.exif_transpose(image)
    except DECODE_ERRORS:
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        high_bytes = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255)
        return Image.fromarray(high_bytes.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGB", layer.size, _WHITE)
        background.paste(layer, mask=layer.getchannel("A"))
        return background
    return image.convert("RGB")
