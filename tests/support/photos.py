"""Photos for tests: made here, unpacked by set-up, or from the shared folder."""

import io
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.photos.images import Photo

ROOT: Final = Path(__file__).parent.parent.parent
SAMPLES: Final = ROOT / "var" / "samples"
SHARED: Final = ROOT.parent / "shared" / "data"

pillow_heif.register_heif_opener()


def decode_photo(photo: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Return all upright pixels of a photo, uint8 of shape (H, W, 3), RGB.

    Raises
    ------
    TooManyPixels, InvalidImage
        As `Photo` does.
    """
    return Photo(photo, max_pixels=max_pixels).resized(1.0)


def made_photo(
    image_format: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any
) -> bytes:
    """Return a photo with a colour gradient and nobody on it."""
    red = Image.linear_gradient("L").resize(size)
    green = red.transpose(Image.Transpose.ROTATE_180)
    image = Image.merge("RGB", (red, green, Image.new("L", size, 90)))
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


@cache
def sample(name: str) -> bytes:
    """Return a sample photo, such as ``Barack Obama/obama.jpg``."""
    path = SAMPLES / name
    if not path.is_file():
        pytest.fail(f"{path} is missing: run 'make samples'")
    return path.read_bytes()


def shared_folder(name: str) -> Path:
    """Return a folder of the shared test photographs; skips where there is none."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the shared test photographs ({name}) are not here")
    return folder
