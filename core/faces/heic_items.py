"""Whether the HEIC reader survives the names in a file.

pi_heif 1.4.0 ends the process with a segmentation fault when it turns the type
of a metadata item into text and the type is not UTF-8.
"""

import struct
from collections.abc import Iterator
from typing import Final

_ENTRY: Final = b"infe"
_LARGEST_VERSION_OF_SHORT_IDS: Final = 2


def items_are_readable(photo: bytes) -> bool:
    """Return whether the type of every item is ASCII, and its names are UTF-8.

    References
    ----------
    ISO/IEC 14496-12:2022, 8.11.6, item information box.
    https://github.com/bigcat88/pillow_heif/pull/478
    """
    if photo[4:8] != b"ftyp":
        return True
    return all(_entries_are_readable(part) for part in _boxes_without_pixels(photo))


def _boxes_without_pixels(photo: bytes) -> Iterator[bytes]:
    """Yield the top-level boxes in which entries may be; pixels may look like one by chance."""
    position = 0
    while position + 8 <= len(photo):
        size, kind = struct.unpack_from(">I4s", photo, position)
        if size == 1 and position + 16 <= len(photo):
            (size,) = struct.unpack_from(">Q", photo, position + 8)
        if size < 8:  # to the end of the file, or damaged
            size = len(photo) - position
        if kind != b"mdat":
            yield photo[position : position + size]
        position += size


def _entries_are_readable(box: bytes) -> bool:
    """Look at everything that may be read as an entry, wherever it stands."""
    found = box.find(_ENTRY)
    while found != -1:
        start = found + len(_ENTRY)
        (size,) = struct.unpack_from(">I", box, found - 4) if found >= 4 else (0,)
        if not _is_readable(box[start : found - 4 + size]):
            return False
        found = box.find(_ENTRY, start)
    return True


def _is_readable(entry: bytes) -> bool:
    """Check what follows version, flags, item id and protection index."""
    if not entry:
        return False
    names = 8 if entry[0] <= _LARGEST_VERSION_OF_SHORT_IDS else 10
    try:
        entry[names + 4 :].decode()
    except UnicodeDecodeError:
        return False
    return entry[names : names + 4].isascii()
