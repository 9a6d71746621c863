"""What every engine does with photos, whichever networks find and embed the faces."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.geometry import Point
from core.faces.photos.face_crops import face_crop
from core.faces.photos.images import Photo
from core.faces.photos.memory import give_large_blocks_back, release_freed_memory
from core.faces.recognition.embedding import Embedder
from core.faces.recognition.quality import Quality
from core.faces.results import EVERY_FACE, Face, Model, Needed, Recognition

DEFAULT_MAX_FACES: Final = 100
_NO_EMBEDDING: Final = np.empty(0, dtype=np.float32)

Detected = TypeVar("Detected")
"""What a finder knows of a face before its chip is cut."""


@dataclass(frozen=True, kw_only=True)
class FoundFace:
    """A face before its embedding.

    ``chip`` is uint8 of shape (S, S, 3), upright, as the embedder wants it.
    """

    detection: Detection
    landmarks: dict[str, Point]
    roll: float
    quality: Quality
    chip: NDArray[np.uint8]


class FaceFinder(Protocol[Detected]):
    """Finds the faces of a photo, then cuts their chips."""

    def detect(self, photo: Photo) -> list[Detected]:
        """Return the faces, in pixels of the photo, largest first."""
        ...

    def align(self, photo: Photo, detected: list[Detected]) -> list[FoundFace]:
        """Return the same faces with chips."""
        ...


@dataclass(frozen=True, kw_only=True)
class _FoundPhoto:
    width: int
    height: int
    faces: list[FoundFace]
    embedded: int
    left_out: int
    crops: list[bytes]
    timings_ms: dict[str, float]


class PhotoEngine(Generic[Detected]):
    """Turns photos into faces with a finder and an embedder.

    Parameters
    ----------
    max_pixels : int
        Photos with more are refused.
    max_faces : int
        Largest faces of a photo that are described and embedded; others are counted.
    """

    def __init__(
        self,
        *,
        finder: FaceFinder[Detected],
        embedder: Embedder,
        max_pixels: int,
        max_faces: int = DEFAULT_MAX_FACES,
    ) -> None:
        give_large_blocks_back()
        self._finder = finder
        self._embedder = embedder
        self._max_pixels = max_pixels
        self._max_faces = max_faces

    @property
    def model(self) -> Model:
        """The model that makes the embeddings."""
        return self._embedder.model

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        """Return the faces of a photo, and of those only what is needed.

        Raises
        ------
        TooManyPixels, InvalidImage
            If the photo can't be decoded.
        """
        try:
            found = self._find(photo, needed)
            chips = [face.chip for face in found.faces[: found.embedded]]
            started = time.perf_counter()
            embeddings = self._embedder.embed(chips)
            embed_ms = (time.perf_counter() - started) * 1000 if chips else 0.0
        finally:
            release_freed_memory()
        return self._recognition(found, iter(embeddings), embed_ms=embed_ms)

    def _find(self, photo: bytes, needed: Needed) -> _FoundPhoto:
        opened = Photo(photo, max_pixels=self._max_pixels)
        watch = _StageWatch(opened)
        detected = self._finder.detect(opened)
        watch.ended("detect")
        described = _at_most(self._max_faces, needed.described)
        faces = self._finder.align(opened, detected[:described])
        watch.ended("align")
        embedded = _at_most(len(faces), needed.embedded)
        cropped = faces[:embedded] if needed.crops else []
        crops = [face_crop(opened, face.detection.box, roll=face.roll) for face in cropped]
        if crops:
            watch.ended("crop")
        return _FoundPhoto(
            width=opened.width,
            height=opened.height,
            faces=faces,
            embedded=embedded,
            left_out=len(detected) - len(faces),
            crops=crops,
            timings_ms=watch.timings_ms(),
        )

    def _recognition(
        self, found: _FoundPhoto, embeddings: Iterator[NDArray[np.float32]], *, embed_ms: float
    ) -> Recognition:
        return Recognition(
            width=found.width,
            height=found.height,
            faces=tuple(
                Face(
                    box=face.detection.box.clipped(found.width, found.height),
                    landmarks=face.landmarks,
                    roll=face.roll,
                    detection_score=face.detection.score,
                    embedding=next(embeddings) if place < found.embedded else _NO_EMBEDDING,
                    quality=face.quality.score,
                    flaws=face.quality.flaws,
                    crop=found.crops[place] if place < len(found.crops) else None,
                )
                for place, face in enumerate(found.faces)
            ),
            model=self._embedder.model,
            timings_ms=found.timings_ms | {"embed": embed_ms},
            left_out_faces=found.left_out,
        )


class _StageWatch:
    """Measures the stages of a photo, and apart from them its decoding, which happens within."""

    def __init__(self, photo: Photo) -> None:
        self._photo = photo
        self._began_s, self._decoded_s = time.perf_counter(), photo.decoding_s
        self._spent_ms: dict[str, float] = {}

    def ended(self, stage: str) -> None:
        """Note what a stage took, from the end of the former one."""
        now_s, decoded_s = time.perf_counter(), self._photo.decoding_s
        spent_s = now_s - self._began_s - (decoded_s - self._decoded_s)
        self._spent_ms[stage] = max(0.0, spent_s) * 1000
        self._began_s, self._decoded_s = now_s, decoded_s

    def timings_ms(self) -> dict[str, float]:
        return {"decode": self._photo.decoding_s * 1000} | self._spent_ms


def _at_most(bound: int, asked: int | None) -> int:
    return bound if asked is None else min(bound, asked)
