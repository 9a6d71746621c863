"""The engine that is the package ``face_recognition`` itself, for those who want its results."""

import logging
from dataclasses import dataclass
from typing import Any, Final, Self

import dlib
import numpy as np
from numpy.typing import NDArray

from core.errors import ModelMissing
from core.faces.detection.detection import Detection
from core.faces.detection.hog import HogDetector
from core.faces.detection.multi_scale_search import DEFAULT_MIN_FACE_PX
from core.faces.engines.engine import DEFAULT_MAX_FACES, FoundFace, PhotoEngine
from core.faces.geometry import Box
from core.faces.models.model_files import LANDMARKS_68, model_file
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import (
    CHIP_PADDING,
    CHIP_SIDE_PX,
    AlignedFace,
    landmarks_of,
)
from core.faces.recognition.embedding import DlibEmbedder
from core.faces.recognition.quality import assess

_LOG: Final = logging.getLogger(__name__)
_UPSAMPLED: Final = 1
"""Times; the package's own default, like everything else here."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """``pixels`` is all that was searched, ``factor`` times the size of the photo."""

    detection: Detection
    rectangle: dlib.rectangle
    pixels: NDArray[np.uint8]
    factor: float


class FaceRecognitionEngine(PhotoEngine[_Found]):
    """Gives the boxes of the package's ``face_locations`` and its ``face_encodings``.

    It is the package as its README shows it: HOG, after one upsampling, and the landmarks of
    five points. Photos are upright first, as they are for every engine.
    """

    @classmethod
    def load(
        cls,
        *,
        max_pixels: int,
        detection_max_side_px: int | None = None,
        min_face_px: int = DEFAULT_MIN_FACE_PX,
        max_faces: int = DEFAULT_MAX_FACES,
    ) -> Self:
        """Load the package, and with it all models that it loads.

        Parameters
        ----------
        max_pixels : int
            Photos with more are refused.
        detection_max_side_px : int, optional
            Larger photos are reduced to this side first. The results are no longer the
            package's own then, but a large photo needs less time and memory.
        min_face_px : int
            Smaller faces are left out.
        max_faces : int
            Largest faces of a photo that are described and embedded.

        Raises
        ------
        ModelMissing
            If the package, or a model that it loads, is not installed.
        """
        package = _load_package()
        return cls(
            finder=_Finder(package, max_side_px=detection_max_side_px, min_face_px=min_face_px),
            embedder=DlibEmbedder(package.face_encoder),
            max_pixels=max_pixels,
            max_faces=max_faces,
        )


def _load_package() -> Any:
    """Return ``face_recognition.api``."""
    landmarks = model_file(LANDMARKS_68)  # without it the package ends the process
    try:
        from face_recognition import api
    except ImportError as error:
        raise ModelMissing(
            f"FACE_ENGINE=face_recognition needs the package face_recognition: {error}"
        ) from error
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # the package has every photo of the process cut off
    _LOG.warning(
        "face_recognition has loaded a model that may not be used commercially",
        extra={
            "model_file": landmarks.name,
            "licence": "its training data, iBUG 300-W, exclude commercial use",
        },
    )
    return api


class _Finder:
    """Finds faces and landmarks with what the package has loaded."""

    def __init__(self, package: Any, *, max_side_px: int | None, min_face_px: int) -> None:
        self._package = package
        self._max_side_px = max_side_px
        self._min_face_px = min_face_px

    def detect(self, photo: Photo) -> list[_Found]:
        longest = max(photo.width, photo.height)
        factor = min(1.0, (self._max_side_px or longest) / longest)
        pixels = photo.resized(factor)
        # `face_locations` calls the same detector, and drops its scores.
        rectangles, scores, _ = self._package.face_detector.run(pixels, _UPSAMPLED, 0.0)
        found = [
            _found(rectangle, score, pixels, factor)
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]
        large_enough = [face for face in found if face.detection.side >= self._min_face_px]
        return sorted(large_enough, key=lambda face: face.detection.box.area, reverse=True)

    def align(self, photo: Photo, detected: list[_Found]) -> list[FoundFace]:
        return [self._aligned(photo, face) for face in detected]

    def _aligned(self, photo: Photo, face: _Found) -> FoundFace:
        shape = self._package.pose_predictor_5_point(face.pixels, face.rectangle)
        aligned = AlignedFace(
            landmarks=landmarks_of(
                [(part.x / face.factor, part.y / face.factor) for part in shape.parts()]
            ),
            chip=dlib.get_face_chip(face.pixels, shape, CHIP_SIDE_PX, CHIP_PADDING),
        )
        return FoundFace(
            detection=face.detection,
            landmarks=aligned.landmarks,
            roll=aligned.roll,
            quality=assess(
                aligned,
                face.detection,
                sure_score=HogDetector.sure_score,
                photo_size=(photo.width, photo.height),
            ),
            chip=aligned.chip,
        )


def _found(
    rectangle: dlib.rectangle, score: float, pixels: NDArray[np.uint8], factor: float
) -> _Found:
    """Return a face with the part of its rectangle that lies inside, as the package cuts it."""
    height, width = pixels.shape[:2]
    inside = dlib.rectangle(
        max(rectangle.left(), 0),
        max(rectangle.top(), 0),
        min(rectangle.right(), width),
        min(rectangle.bottom(), height),
    )
    box = Box(
        left=inside.left(), top=inside.top(), right=inside.right(), bottom=inside.bottom()
    ).scaled(1 / factor)
    return _Found(
        detection=Detection(box=box, landmark_box=box, score=score),
        rectangle=inside,
        pixels=pixels,
        factor=factor,
    )
