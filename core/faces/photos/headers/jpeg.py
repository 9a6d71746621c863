"""The segments of a JPEG up to its first scan."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.header import MOST_PARTS, PhotoHeader

SIGNATURE: Final = b"\xff\xd8\xff"

_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = b"\xff\xd9"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_APP2: Final = 0xE2
_TWO_PICTURES: Final = b"MPF\x00"
_COMPONENTS: Final = frozenset({1, 3, 4})

_MOST_JUNK_BYTES: Final = 4_096
_MARKER: Final = re.compile(rb"[^\xff]*\xff+([^\xff])")
"""A marker, and what decoders skip before it: junk and padding."""


@dataclass(frozen=True, kw_only=True)
class _Frame:
    marker: int
    width: int
    height: int
    samplings: tuple[tuple[int, int], ...]

    def held_bytes(self, scan_components: bytes) -> int:
        """Return what decoders hold of all scans until they have read the last one.

        Two bytes a sample; components may have fewer samples than the photo has pixels.
        """
        if self.marker not in _PROGRESSIVE and scan_components == bytes([len(self.samplings)]):
            return 0
        most = max(across * down for across, down in self.samplings)
        samples = sum(across * down for across, down in self.samplings)
        return 2 * self.width * self.height * samples // most


def read_jpeg(photo: bytes) -> PhotoHeader:
    """Return what the segments say.

    Raises
    ------
    UnsupportedImage
        If they can't be read, or are too many.

    References
    ----------
    ITU-T T.81, annex B.
    """
    frame: _Frame | None = None
    kind, complete, held_bytes = "JPEG", False, 0
    for marker, start in _segments(photo):
        if marker in _FRAMES:
            frame = _frame(photo, marker, start)
        elif marker == _APP2 and photo.startswith(_TWO_PICTURES, start):
            kind = "MPO"
        elif marker == _START_OF_SCAN and frame is not None:
            # Thumbnails before the scan have an end of their own.
            complete = photo.rfind(_END_OF_IMAGE, start) != -1
            held_bytes = frame.held_bytes(photo[start : start + 1])
    if frame is None:
        raise UnsupportedImage("a JPEG that does not say its size")
    return PhotoHeader(
        format=kind,
        width=frame.width,
        height=frame.height,
        complete=complete,
        held_bytes=held_bytes,
    )


def _segments(photo: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment's content, up to the first scan or the file's end."""
    position = 2
    for _ in range(MOST_PARTS):
        found = _MARKER.match(photo, position, position + _MOST_JUNK_BYTES)
        if found is None:
            return
        marker, position = found[1][0], found.end()
        if marker == _END_OF_IMAGE[1] or position + 2 > len(photo):
            return
        if marker in _WITHOUT_LENGTH:
            continue
        yield marker, position + 2
        if marker == _START_OF_SCAN:
            return
        (length,) = struct.unpack_from(">H", photo, position)
        position += max(length, 2)
    raise UnsupportedImage(f"a JPEG with more than {MOST_PARTS} segments before its pixels")


def _frame(photo: bytes, marker: int, start: int) -> _Frame | None:
    if start + 6 > len(photo):
        return None
    bits, height, width, components = struct.unpack_from(">BHHB", photo, start)
    if bits != 8 or components not in _COMPONENTS or not (width and height):
        raise UnsupportedImage("a JPEG of a kind that no decoder here reads")
    described = photo[start + 6 : start + 6 + 3 * components]
    samplings = tuple((max(both >> 4, 1), max(both & 15, 1)) for both in described[1::3])
    if len(samplings) < components:
        return None
    return _Frame(marker=marker, width=width, height=height, samplings=samplings)
