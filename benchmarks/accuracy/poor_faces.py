"""What the engine sees in good photos and in poor ones made from them."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common.lfw import off_centre
from core.faces.detection.detection import Detection
from core.faces.engines.builtin import FaceEngine
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import AlignedFace
from core.faces.recognition.quality import Quality

_MAX_PIXELS: Final = 50_000_000
_MIN_FACE_PX: Final = 16
"""The default of the setting."""


@dataclass(frozen=True, kw_only=True)
class SeenFace:
    """The face in the middle of a photo; its embedding is made only when it is asked for."""

    detection: Detection
    face: AlignedFace
    quality: Quality


class FaceReader:
    """The profile ``balanced``, step by step."""

    def __init__(self, models_dir: Path) -> None:
        engine = FaceEngine.load(
            models_dir=models_dir, max_pixels=_MAX_PIXELS, min_face_px=_MIN_FACE_PX
        )
        self._finder, self._embedder = engine._finder, engine._embedder

    def read(self, image: Image.Image) -> SeenFace | None:
        """Return the face in the middle of a photo, if one is found."""
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=1)
        photo = Photo(file.getvalue(), max_pixels=_MAX_PIXELS)
        found = self._finder.detect(photo)
        if not found:
            return None
        size = photo.width, photo.height
        middle = min(found, key=lambda face: off_centre(face.box, *size))
        (seen,) = self._finder.align(photo, [middle])
        return SeenFace(
            detection=middle,
            face=AlignedFace(landmarks=seen.landmarks, chip=seen.chip),
            quality=seen.quality,
        )

    def embed(self, faces: list[SeenFace]) -> NDArray[np.float32]:
        """Return the embeddings of faces, as float32 of shape (N, 128)."""
        return self._embedder.embed([seen.face.chip for seen in faces])


def halves(photos: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders of the people for choosing, and of those for reporting."""
    people = sorted(each for each in (photos / "images").iterdir() if each.is_dir())
    return people[0::2], people[1::2]
