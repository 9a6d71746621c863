"""The boxes of ISO media files, which HEIC and AVIF are."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import UnsupportedImage

MOST_BOXES: Final = 4_096
"""A photo of 48 megapixels in tiles has about 500."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box; its content is ``photo[start:end]``."""

    kind: bytes
    start: int
    end: int


def boxes(photo: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes side by side in a part of a photo.

    The last one may reach beyond ``end``, where a file was cut off.

    Raises
    ------
    UnsupportedImage
        If one has an impossible size, or they are too many.

    References
    ----------
    ISO/IEC 14496-12:2022, 4.2.
    """
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", photo, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", photo, start + 8)
            head = 16
        elif size == 0:  # to the end
            size = end - start
        if size < head:
            raise UnsupportedImage("a HEIC or AVIF file with a box of impossible size")
        yield Box(kind=kind, start=start + head, end=start + size)
        start += size
    raise UnsupportedImage(f"a HEIC or AVIF file with more than {MOST_BOXES} boxes")


def find_box(photo: bytes, start: int, end: int, kind: bytes) -> Box | None:
    """Return the first box of a kind that lies in a part of a photo."""
    for box in boxes(photo, start, end):
        if box.kind == kind and box.end <= end:
            return box
    return None
