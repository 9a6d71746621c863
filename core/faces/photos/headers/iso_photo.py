"""Kind and size of HEIC and AVIF photos: the first boxes, and the properties of the main item."""

import struct
from collections.abc import Iterator
from typing import Final

from core.errors import UnsupportedImage
from core.faces.photos.headers.av1 import avif_bytes_a_pixel
from core.faces.photos.headers.boxes import MOST_BOXES, Box, boxes, find_box
from core.faces.photos.headers.header import PhotoHeader
from core.faces.photos.headers.heic_items import items_are_readable

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_EITHER: Final = frozenset({b"mif1", b"msf1"})
_ANIMATED: Final = b"avis"
_MOST_BRANDS: Final = 64
_NEEDED: Final = frozenset({b"meta", b"mdat"})
_FULL_BOX_BYTES: Final = 4
_ALPHA_NAMES: Final = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00",
    b"urn:mpeg:hevc:2015:auxid:1\x00",
)
_HEIC_ALPHA_BYTES_A_PIXEL: Final = 8.0
"""What libheif holds where there are transparent parts; measured."""


def is_iso_photo(photo: bytes) -> bool:
    return _format(photo) is not None


def read_iso_photo(photo: bytes) -> PhotoHeader:
    """Return what the boxes say.

    Raises
    ------
    UnsupportedImage
        If they can't be read, or are too many.

    References
    ----------
    ISO/IEC 23008-12:2022, 6 and 9; AV1 Image File Format 1.1.
    """
    kind = _format(photo) or ""
    if kind == "HEIF" and not items_are_readable(photo):
        raise UnsupportedImage("a HEIC file with an item whose name is not text")
    found, complete = _needed_boxes(photo)
    if b"meta" not in found:
        raise UnsupportedImage("a HEIC or AVIF file without a header")
    meta = found[b"meta"]
    properties, listed = _properties(photo, meta)
    width, height = _size(photo, meta, properties, listed)
    alpha = _has_alpha(photo, listed)
    if kind == "AVIF":
        held_a_pixel = avif_bytes_a_pixel(photo, listed, alpha=alpha)
    else:
        held_a_pixel = _HEIC_ALPHA_BYTES_A_PIXEL if alpha else 0.0
    return PhotoHeader(
        format=kind,
        width=width,
        height=height,
        frames=2 if photo[8:12] == _ANIMATED else 1,
        complete=complete,
        held_bytes=int(held_a_pixel * width * height),
    )


def _format(photo: bytes) -> str | None:
    if photo[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(photo[:4], "big"), 16 + 4 * _MOST_BRANDS)
    major = photo[8:12]
    others = {photo[at : at + 4] for at in range(16, end, 4)}
    if major in _AVIF or (major in _EITHER and others & _AVIF):
        return "AVIF"
    return "HEIF" if major in _HEIC | _EITHER else None


def _needed_boxes(photo: bytes) -> tuple[dict[bytes, Box], bool]:
    """Return header and pixels, and whether both end inside the file; what follows may be junk."""
    found: dict[bytes, Box] = {}
    for box in boxes(photo, 0, len(photo)):
        if box.end > len(photo):
            break
        if box.kind in _NEEDED:
            found.setdefault(box.kind, box)
        if len(found) == len(_NEEDED):
            return found, True
    return found, False


def _properties(photo: bytes, meta: Box) -> tuple[Box, Box]:
    """Return the box of all properties, and the list in it."""
    properties = find_box(photo, meta.start + _FULL_BOX_BYTES, meta.end, b"iprp")
    if properties is not None:
        listed = find_box(photo, properties.start, properties.end, b"ipco")
        if listed is not None:
            return properties, listed
    raise UnsupportedImage("a HEIC or AVIF file that does not say its size")


def _size(photo: bytes, meta: Box, properties: Box, listed: Box) -> tuple[int, int]:
    """Return the size that belongs to the main item."""
    main = find_box(photo, meta.start + _FULL_BOX_BYTES, meta.end, b"pitm")
    if main is None:
        raise UnsupportedImage("a HEIC or AVIF file without a main image")
    sizes = {
        number: struct.unpack_from(">II", photo, box.start + _FULL_BOX_BYTES)
        for number, box in enumerate(boxes(photo, listed.start, listed.end), start=1)
        if box.kind == b"ispe" and box.start + 12 <= box.end <= listed.end
    }
    item = _main_item(photo, main)
    for box in boxes(photo, properties.start, properties.end):
        if box.kind == b"ipma" and box.end <= properties.end:
            for number in _properties_of(photo[box.start : box.end], item):
                if number in sizes and all(sizes[number]):
                    width, height = sizes[number]
                    return width, height
    raise UnsupportedImage("a HEIC or AVIF file that does not say its size")


def _has_alpha(photo: bytes, listed: Box) -> bool:
    """Return whether an item may hold the transparency of another."""
    return any(
        box.kind == b"auxC"
        and photo[box.start + _FULL_BOX_BYTES : box.end].startswith(_ALPHA_NAMES)
        for box in boxes(photo, listed.start, listed.end)
    )


def _main_item(photo: bytes, main: Box) -> int:
    long = photo[main.start] > 0
    return int.from_bytes(photo[main.start + 4 : main.start + (8 if long else 6)], "big")


def _properties_of(associations: bytes, item: int) -> Iterator[int]:
    """Yield the numbers of an item's properties, counted from 1."""
    if len(associations) < 8:
        return
    id_bytes = 2 if associations[0] == 0 else 4
    width = 2 if associations[3] & 1 else 1
    position = 8
    for _ in range(min(int.from_bytes(associations[4:8], "big"), MOST_BOXES)):
        behind = position + id_bytes
        if behind >= len(associations):
            return
        numbers = associations[behind + 1 : behind + 1 + width * associations[behind]]
        if int.from_bytes(associations[position:behind], "big") == item:
            for at in range(0, len(numbers), width):
                # The first bit tells whether a reader must know the property.
                number = int.from_bytes(numbers[at : at + width], "big")
                yield number & (0x7F if width == 1 else 0x7FFF)
        position = behind + 1 + width * associations[behind]
