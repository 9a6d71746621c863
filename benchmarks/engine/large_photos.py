"""Photos of every kind that the service accepts, as large as it accepts them, with faces."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw

_COLUMNS, _ROWS, _TILE_PX = 8, 6, 1000
_SMALLER: Final = 4
_AVIF_SIZE: Final = (8_000, 4_400)
_AVIF_ALPHA_SIZE: Final = (8_000, 3_300)
_HEIC_ALPHA_SIZE: Final = (8_000, 5_000)
"""The largest that are accepted while ``MAX_PIXELS`` is 50 million."""

_FOLDER: Final = Path(tempfile.gettempdir()) / "efr-large-photos"
"""Kept: encoding them takes minutes."""


def large_photos(samples: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a photo of every kind, of 48 megapixels where that is accepted.

    Parameters
    ----------
    samples : sequence of Path
        Photos that are laid side by side, over and over, one tile of 1000 pixels each.
    """
    _FOLDER.mkdir(exist_ok=True)
    for name, make in _KINDS.items():
        file = _FOLDER / name
        if not file.is_file():
            part = file.with_suffix(".part")
            part.write_bytes(make(samples))
            part.rename(file)
        yield name, file.read_bytes()


def _mosaic(samples: Sequence[Path], *, columns: int, rows: int, tile_px: int) -> Image.Image:
    canvas = Image.new("RGB", (columns * tile_px, rows * tile_px))
    for number, sample in zip(range(columns * rows), cycle(samples), strict=False):
        with Image.open(sample) as photo:
            photo.thumbnail((tile_px, tile_px))
            canvas.paste(photo, (number % columns * tile_px, number // columns * tile_px))
    return canvas


def _detailed(samples: Sequence[Path]) -> Image.Image:
    return _mosaic(samples, columns=_COLUMNS, rows=_ROWS, tile_px=_TILE_PX)


def _coarse(samples: Sequence[Path]) -> Image.Image:
    """Return the same in larger squares, which lossless kinds keep in a few megabytes."""
    small = _mosaic(samples, columns=_COLUMNS, rows=_ROWS, tile_px=_TILE_PX // _SMALLER)
    size = (small.width * _SMALLER, small.height * _SMALLER)
    return small.resize(size, Image.Resampling.NEAREST)


def _cut_out(image: Image.Image) -> Image.Image:
    """Return an image with clear corners."""
    alpha = Image.new("L", image.size)
    ImageDraw.Draw(alpha).ellipse((0, 0, *image.size), fill=255)
    image.putalpha(alpha)
    return image


def _deep_grey(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def _encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _heic(image: Image.Image) -> bytes:
    pillow_heif.register_heif_opener()
    return _encoded(image, "HEIF", quality=40)


def _palette_png(image: Image.Image) -> bytes:
    few = image.quantize(64, method=Image.Quantize.FASTOCTREE)
    return _encoded(few, "PNG", transparency=bytes([128] * 10))


_KINDS: Final[dict[str, Callable[[Sequence[Path]], bytes]]] = {
    "jpeg_12_megapixels": lambda samples: _encoded(
        _mosaic(samples, columns=4, rows=3, tile_px=_TILE_PX), "JPEG", quality=90
    ),
    "jpeg": lambda samples: _encoded(_detailed(samples), "JPEG", quality=90),
    "jpeg_progressive": lambda samples: _encoded(
        _detailed(samples), "JPEG", quality=80, progressive=True
    ),
    "jpeg_progressive_444": lambda samples: _encoded(
        _detailed(samples), "JPEG", quality=80, progressive=True, subsampling=0
    ),
    "png": lambda samples: _encoded(_coarse(samples), "PNG"),
    "png_alpha": lambda samples: _encoded(_cut_out(_coarse(samples)), "PNG"),
    "png_palette_alpha": lambda samples: _palette_png(_coarse(samples)),
    "png_grey_1_bit": lambda samples: _encoded(_coarse(samples).convert("1"), "PNG"),
    "png_grey_16_bits": lambda samples: _encoded(_deep_grey(_coarse(samples)), "PNG"),
    "webp": lambda samples: _encoded(_coarse(samples), "WEBP", quality=70, method=0),
    "webp_alpha": lambda samples: _encoded(
        _cut_out(_coarse(samples)), "WEBP", quality=70, method=0
    ),
    "webp_lossless": lambda samples: _encoded(
        _coarse(samples), "WEBP", lossless=True, method=0, quality=10
    ),
    "webp_lossless_alpha": lambda samples: _encoded(
        _cut_out(_coarse(samples)), "WEBP", lossless=True, method=0, quality=10
    ),
    "heic": lambda samples: _heic(_coarse(samples)),
    "heic_alpha_40_megapixels": lambda samples: _heic(
        _cut_out(_coarse(samples).crop((0, 0, *_HEIC_ALPHA_SIZE)))
    ),
    "avif_35_megapixels": lambda samples: _encoded(
        _coarse(samples).crop((0, 0, *_AVIF_SIZE)), "AVIF", speed=10
    ),
    "avif_alpha_26_megapixels": lambda samples: _encoded(
        _cut_out(_coarse(samples).crop((0, 0, *_AVIF_ALPHA_SIZE))), "AVIF", speed=10
    ),
    # In colours a bitmap of that size is over the default of ``MAX_FILE_MB``.
    "bmp_1_bit": lambda samples: _encoded(_coarse(samples).convert("1"), "BMP"),
}
