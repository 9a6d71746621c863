"""How a camera was held: EXIF orientations, for whole images and for parts of them."""

from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, Image

Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom lie just outside."""


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """What makes a stored image upright.

    ``transposition`` is Pillow's; ``swaps`` tells whether rows become columns,
    ``flips_x`` and ``flips_y`` whether the stored axes run backwards.
    """

    transposition: Image.Transpose | None
    swaps: bool
    flips_x: bool
    flips_y: bool

    def upright_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return width and height of the upright image."""
        width, height = size
        return (height, width) if self.swaps else (width, height)

    def upright(self, image: Image.Image) -> Image.Image:
        """Return the upright image."""
        return image if self.transposition is None else image.transpose(self.transposition)

    def stored_rectangle(self, rectangle: Rectangle, stored_size: tuple[int, int]) -> Rectangle:
        """Return where a rectangle of the upright image lies in the stored one."""
        left, top, right, bottom = rectangle
        if self.swaps:
            left, top, right, bottom = top, left, bottom, right
        width, height = stored_size
        if self.flips_x:
            left, right = width - right, width - left
        if self.flips_y:
            top, bottom = height - bottom, height - top
        return left, top, right, bottom


def _orientation(
    transposition: Image.Transpose | None, *, swaps: bool, flips_x: bool, flips_y: bool
) -> Orientation:
    return Orientation(transposition=transposition, swaps=swaps, flips_x=flips_x, flips_y=flips_y)


UPRIGHT: Final = _orientation(None, swaps=False, flips_x=False, flips_y=False)

_BY_EXIF_VALUE: Final = {
    2: _orientation(Image.Transpose.FLIP_LEFT_RIGHT, swaps=False, flips_x=True, flips_y=False),
    3: _orientation(Image.Transpose.ROTATE_180, swaps=False, flips_x=True, flips_y=True),
    4: _orientation(Image.Transpose.FLIP_TOP_BOTTOM, swaps=False, flips_x=False, flips_y=True),
    5: _orientation(Image.Transpose.TRANSPOSE, swaps=True, flips_x=False, flips_y=False),
    6: _orientation(Image.Transpose.ROTATE_270, swaps=True, flips_x=False, flips_y=True),
    7: _orientation(Image.Transpose.TRANSVERSE, swaps=True, flips_x=True, flips_y=True),
    8: _orientation(Image.Transpose.ROTATE_90, swaps=True, flips_x=True, flips_y=False),
}


def orientation_of(image: Image.Image) -> Orientation:
    """Return the orientation that the EXIF block tells; a broken or missing one counts as upright.

    References
    ----------
    CIPA DC-008-2019 (EXIF 2.32), tag 0x0112.
    """
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - Pillow's EXIF reader fails in as many ways as files do
        return UPRIGHT
    return _BY_EXIF_VALUE.get(value, UPRIGHT) if isinstance(value, int) else UPRIGHT
