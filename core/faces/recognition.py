"""Photo bytes to faces with embeddings: decode, detect, align, embed."""

import time
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.faces.alignment import FivePointAligner
from core.faces.detection import Detector, HogDetector
from core.faces.embedding import ModelId, ResNetEmbedder
from core.faces.geometry import Box, Point
from core.faces.images import decode_photo


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face of a photo; ``embedding`` is float32 of shape (128,)."""

    box: Box
    landmarks: dict[str, Point]
    detection_score: float
    embedding: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """All faces of one photo, largest first; sizes are those of the upright image."""

    width: int
    height: int
    faces: tuple[Face, ...]
    model: ModelId
    timings_ms: dict[str, float]


class FaceEngine:
    """Loads the models once and turns photos into faces."""

    def __init__(
        self,
        *,
        detector: Detector,
        aligner: FivePointAligner,
        embedder: ResNetEmbedder,
        max_pixels: int,
    ) -> None:
        self._detector = detector
        self._aligner = aligner
        self._embedder = embedder
        self._max_pixels = max_pixels

    @classmethod
    def load(cls, *, max_pixels: int, detection_max_side_px: int) -> Self:
        """Load the models.

        Raises
        ------
        ModelMissing
            If a model file is not installed.
        """
        return cls(
            detector=HogDetector(max_side_px=detection_max_side_px),
            aligner=FivePointAligner(),
            embedder=ResNetEmbedder(),
            max_pixels=max_pixels,
        )

    def recognise(self, photo: bytes) -> Recognition:
        """Return the faces of a photo.

        Raises
        ------
        TooManyPixels, InvalidImage
            If the photo can't be decoded.
        """
        started = time.perf_counter()
        image = decode_photo(photo, max_pixels=self._max_pixels)
        decoded = time.perf_counter()
        detections = self._detector.detect(image)
        detected = time.perf_counter()
        aligned = [self._aligner.align(image, detection.box) for detection in detections]
        embeddings = self._embedder.embed([face.chip for face in aligned])
        embedded = time.perf_counter()
        height, width = image.shape[:2]
        return Recognition(
            width=width,
            height=height,
            faces=tuple(
                Face(
                    box=detection.box.clipped(width, height),
                    landmarks=face.landmarks,
                    detection_score=detection.score,
                    embedding=embedding,
                )
                for detection, face, embedding in zip(detections, aligned, embeddings, strict=True)
            ),
            model=self._embedder.model,
            timings_ms={
                "decode": (decoded - started) * 1000,
                "detect": (detected - decoded) * 1000,
                "embed": (embedded - detected) * 1000,
            },
        )
