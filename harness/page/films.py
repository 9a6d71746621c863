"""Films that Chromium shows as its camera, made of sample photos."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

SIZE: Final = (640, 480)
_REPEATED: Final = 30
"""Frames of each picture; Chromium shows thirty per second, again from the start at the end."""


Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels of a photo."""


def frame_of(
    photo: Path,
    *,
    part: Rectangle | None = None,
    size: tuple[int, int] = SIZE,
) -> Image.Image:
    """Return a photo, or a part of it, as a frame: in the middle of a neutral ground.

    Parameters
    ----------
    size : tuple of int
        What the picture is fitted into.
    """
    with Image.open(photo) as opened:
        image = opened.convert("RGB").crop(part or (0, 0, *opened.size))
    image = ImageOps.contain(image, size)
    frame = Image.new("RGB", SIZE, (120, 130, 135))
    frame.paste(image, ((SIZE[0] - image.width) // 2, (SIZE[1] - image.height) // 2))
    return frame


def jpeg_of(frame: Image.Image) -> bytes:
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def write_film(path: Path, frames: Sequence[Image.Image]) -> Path:
    """Write a film that shows each frame for a second."""
    path.write_bytes(b"".join(jpeg_of(frame) * _REPEATED for frame in frames))
    return path


def camera_flags(film: Path) -> tuple[str, ...]:
    """Return what makes Chromium show a film as its camera, and let pages see it."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film.absolute()}",
    )
