"""Photos that look sound until they are decoded."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from harness.photo_set import Photo

_EVERY: Final = 25


def with_poison(photos: Sequence[Photo]) -> list[Photo]:
    """Return the photos, every n-th one damaged so that only decoding shows it."""
    return [
        _damaged(photo) if number % _EVERY == _EVERY - 1 else photo
        for number, photo in enumerate(photos)
    ]


def _damaged(photo: Photo) -> Photo:
    """Return a photo whose header and end are sound."""
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    content = bytearray(file.getvalue())
    content[len(content) // 2] ^= 0xFF
    return replace(photo, content=bytes(content), expected="")
