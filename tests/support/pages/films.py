"""Films that Chromium shows as its camera, made of sample photos."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

SIZE: Final = (640, 480)
_REPEATED: Final = 30
"""Frames of each picture; Chromium shows thirty per second, again from the start at the end."""


def frame_of(photo: Path) -> Image.Image:
    """Return a photo as a frame: fitted, in the middle of a neutral ground."""
    with Image.open(photo) as image:
        image.thumbnail(SIZE)
        frame = Image.new("RGB", SIZE, (120, 130, 135))
        corner = ((SIZE[0] - image.width) // 2, (SIZE[1] - image.height) // 2)
        frame.paste(image.convert("RGB"), corner)
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
