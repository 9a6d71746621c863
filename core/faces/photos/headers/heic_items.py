"""Whether the HEIC reader survives the names in a file.

pi_heif 1.4.0 ends the process with a segmentation fault when it turns a name or the
type of a metadata item into text and what libheif hands over is not UTF-8. libheif cuts
the last byte of a text that does not end with NUL, which may be half a letter's.
"""

from collections.abc import Iterator
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.boxes import MOST_BOXES, boxes

_ENTRY: Final = b"infe"
_LARGEST_VERSION_OF_SHORT_IDS: Final = 2


def items_are_readable(photo: bytes) -> bool:
    """Return whether the type of every item is ASCII, and its names are UTF-8 that ends with NUL.

    Each byte is looked at twice at most.

    References
    ----------
    ISO/IEC 14496-12:2022, 8.11.6, item information box.
    https://github.com/bigcat88/pillow_heif/pull/478
    """
    try:
        return all(_entries_are_readable(photo, *part) for part in _parts_without_pixels(photo))
    except UnsupportedImage:
        return False


def _parts_without_pixels(photo: bytes) -> Iterator[tuple[int, int]]:
    """Yield where entries may be; pixels may look like one by chance."""
    position = 0
    for box in boxes(photo, 0, len(photo)):
        if box.kind != b"mdat":
            yield position, min(box.end, len(photo))
        position = box.end
    if position < len(photo):  # too short for a box
        yield position, len(photo)


def _entries_are_readable(photo: bytes, start: int, end: int) -> bool:
    """Look at everything that may be read as an entry, wherever it stands in a part."""
    behind = start
    for _ in range(MOST_BOXES):
        found = photo.find(_ENTRY, start, end)
        if found == -1:
            return True
        # An entry within another one would be read only by who follows the boxes otherwise.
        if found - 4 < behind:
            return False
        behind = found - 4 + int.from_bytes(photo[found - 4 : found], "big")
        start = found + len(_ENTRY)
        if not start <= behind <= end or not _is_readable(photo[start:behind]):
            return False
    return False


def _is_readable(entry: bytes) -> bool:
    """Check what follows version, flags, item id and protection index."""
    if not entry:
        return False
    names = 8 if entry[0] <= _LARGEST_VERSION_OF_SHORT_IDS else 10
    texts = entry[names + 4 :]
    try:
        texts.decode()
    except UnicodeDecodeError:
        return False
    return entry[names : names + 4].isascii() and (not texts or texts.endswith(b"\x00"))
