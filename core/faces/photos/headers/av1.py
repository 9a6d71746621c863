"""What decoding an AVIF takes, by the configurations of its AV1 images."""

from typing import Final

from core.faces.photos.headers.boxes import Box, boxes

_UNKNOWN: Final = 16.0
_HIGH_BIT_DEPTH: Final = 0x40
_MONOCHROME: Final = 0x10
_SUBSAMPLED_ACROSS: Final = 0x08
_SUBSAMPLED_DOWN: Final = 0x04
_COLOURS_TWICE: Final = 6
_ALPHA_TWICE: Final = 2
_SPARE: Final = 1.5


def avif_bytes_a_pixel(photo: bytes, listed: Box, *, alpha: bool) -> float:
    """Return the bytes that Pillow's reader holds for each pixel: the planes, and the pixels twice.

    Parameters
    ----------
    listed : Box
        The properties of all items.
    alpha : bool
        Whether there may be transparent parts.

    References
    ----------
    AV1 Codec ISO Media File Format Binding 1.2, 2.3.3.
    """
    found = [
        _bytes_of_planes(photo[box.start + 2], alpha=alpha)
        for box in boxes(photo, listed.start, listed.end)
        if box.kind == b"av1C" and box.start + 3 <= box.end <= listed.end
    ]
    if not found:
        return _UNKNOWN
    return max(found) + _COLOURS_TWICE + _SPARE + (_ALPHA_TWICE if alpha else 0)


def _bytes_of_planes(flags: int, *, alpha: bool) -> float:
    samples = 3.0
    if flags & _MONOCHROME:
        samples = 1.0
    elif flags & _SUBSAMPLED_ACROSS:
        samples = 1.5 if flags & _SUBSAMPLED_DOWN else 2.0
    return (samples + alpha) * (2 if flags & _HIGH_BIT_DEPTH else 1)
