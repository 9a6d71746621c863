"""What is known of a photo before a pixel is decoded."""

from dataclasses import dataclass
from typing import Final

MOST_PARTS: Final = 1_000
"""Segments, chunks or entries that a header may have: cameras write a few dozen."""


@dataclass(frozen=True, kw_only=True)
class PhotoHeader:
    """Format and stored size (before any EXIF rotation) of a photo.

    ``frames`` is more than 1 for an animation. ``complete`` tells whether the end
    of the file is there. ``held_bytes`` is what decoders hold besides the pixels that
    they hand over, however small these are wanted. ``significant_bits`` is what a PNG
    says of the depth of its first channel.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    complete: bool = True
    held_bytes: int = 0
    significant_bits: int | None = None
