"""Decodes photos no larger than they are needed, and than memory allows."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import pi_heif

from core.faces.photos.headers.header import PhotoHeader
from core.faces.photos.opening import OpenedPhoto
from core.faces.photos.stored import Stored, StoredArray, StoredImage, reduced, stored
from core.faces.photos.webp_decoder import can_scale, decoded_webp

_REDUCTIONS: Final = (1, 2, 4, 8)
_REDUCIBLE: Final = frozenset({"JPEG", "MPO", "WEBP"})
_LARGE_PIXELS: Final = 4_000_000
"""Smaller photos are decoded in full at once: faces in them need that for their chips."""

_BYTES_A_PIXEL: Final = 4
"""What Pillow takes for colours, and libwebp for those with transparent parts."""


KEPT_PIXELS: Final = 30_000_000
"""More would be in the way of the detector, which takes 170 MB for its closer look."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Pixels at ``1 / reduction`` of their size."""

    stored: Stored
    reduction: int

    def serves(self, factor: float, reduction: int) -> bool:
        """Return whether these are pixels enough, or all that ``reduction`` would give."""
        return self.reduction <= reduction or 1 / self.reduction >= factor


def reduction_for(header: PhotoHeader, factor: float, *, most_bytes: int) -> int:
    """Return by what to reduce a photo of which ``factor`` times its size will do: 1, 2, 4 or 8.

    Memory comes first: what is larger than ``most_bytes`` is reduced further.
    """
    pixels = header.width * header.height
    if header.format not in _REDUCIBLE or pixels < _LARGE_PIXELS:
        return 1
    shorter = min(header.width, header.height)
    enough = [each for each in _REDUCTIONS if 1 / each >= factor and each <= shorter]
    fitting = [
        each
        for each in _REDUCTIONS
        if header.held_bytes + _BYTES_A_PIXEL * pixels // each**2 <= most_bytes
    ]
    return max(max(enough, default=1), min(fitting, default=_REDUCTIONS[-1]))


def decode(opened: OpenedPhoto, photo: bytes, *, reduction: int) -> Decoded:
    """Return the pixels of a photo, which fails on a damaged one in many ways.

    Parameters
    ----------
    photo : bytes
        What was opened.
    reduction : int
        As `reduction_for` returned it. Some photos are reduced less.
    """
    header, image = opened.header, opened.image
    if header.format == "HEIF":
        return Decoded(stored=_decoded_heic(photo, image.size), reduction=1)
    if header.format == "WEBP" and header.width * header.height >= _LARGE_PIXELS and can_scale():
        image.close()  # its decoder has room for two frames
        pixels = decoded_webp(photo, reduction=reduction)
        mode = "RGBA" if pixels.shape[2] == 4 else "RGB"
        return Decoded(stored=StoredArray(pixels=pixels, mode=mode), reduction=reduction)
    full_width = image.width
    if reduction > 1:
        image.draft(image.mode, (image.width // reduction, image.height // reduction))
    image.load()
    return Decoded(
        stored=stored(image, said_bits=header.significant_bits),
        reduction=round(full_width / image.width),
    )


def lighter(decoded: Decoded, factor: float) -> Decoded:
    """Return a copy of half the size, if the pixels are very many and ``factor`` is so small.

    The whole is decoded once more should it be needed later.
    """
    width, height = decoded.stored.size
    if width * height <= KEPT_PIXELS or factor > 0.5 / decoded.reduction:
        return decoded
    half = StoredImage(image=reduced(decoded.stored, 2))
    return Decoded(stored=half, reduction=2 * decoded.reduction)


def _decoded_heic(photo: bytes, announced: tuple[int, int]) -> StoredArray:
    # Pillow would copy the pixels out of what libheif decoded.
    images = pi_heif.open_heif(io.BytesIO(photo), convert_hdr_to_8bit=True)
    main = images[images.primary_index]
    pixels = np.asarray(main)
    width, height = main.size  # rows may be padded
    if (width, height) != announced:  # libheif rounds an odd crop otherwise when it decodes
        raise OSError(f"it has {width} x {height} pixels, and says {announced[0]} x {announced[1]}")
    return StoredArray(pixels=pixels[:height, :width], mode=main.mode, owner=main)
