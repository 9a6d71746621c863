"""The engine with the user's own networks, in insightface's formats."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.detection.multi_scale_search import DEFAULT_MIN_FACE_PX
from core.faces.detection.yunet import landmark_box
from core.faces.engines.engine import DEFAULT_MAX_FACES, FoundFace, PhotoEngine
from core.faces.engines.insight_package import PackageParts, PackageRecogniser, load_parts
from core.faces.geometry import Box, Point
from core.faces.models.converted_networks import sha256_of
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import FivePointAligner, roll_of
from core.faces.recognition.quality import assess
from core.faces.results import Model

_MODEL_NAME: Final = "insightface"
_VERSION_DIGITS: Final = 12
_SURE_SCORE: Final = 0.7
"""Not measured, since no such network may be used here: the usual score of a clear face."""

_ENOUGH_PX: Final = 180.0
"""Side of a landmark box from which on the chip of 112 pixels, about 1.2 of it, is reduced by 2."""

_MARGIN: Final = 0.5
"""Share of the landmark box that is cut around it: room for the chip, turned by 45 degrees."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """``points`` is float32 of shape (5, 2) in pixels of the photo, ordered as YuNet's."""

    detection: Detection
    points: NDArray[np.float32]


class InsightFaceEngine(PhotoEngine[_Found]):
    """Turns photos into faces with a detector and a recogniser of the user's own.

    Embeddings have the recogniser's width and length 1. Their model's version
    is the beginning of the sha256 of the recogniser's file, so that those of
    different networks are never compared.
    """

    @classmethod
    def load(
        cls,
        *,
        models_dir: Path,
        max_pixels: int,
        min_face_px: int = DEFAULT_MIN_FACE_PX,
        cuda: bool = False,
        max_faces: int = DEFAULT_MAX_FACES,
    ) -> Self:
        """Load the networks of a folder.

        Parameters
        ----------
        models_dir : Path
            Folder with the ``.onnx`` files of a detector and a recogniser.
        max_pixels : int
            Photos with more are refused.
        min_face_px : int
            Smaller faces are left out.
        max_faces : int
            Largest faces of a photo that are described and embedded.
        cuda : bool
            Run the networks on a GPU where there is one.

        Raises
        ------
        ModelMissing
            If the extra is not installed, or a network is not in the folder.
        ModelCorrupt
            If a network is damaged, or not of the kind that is needed.
        """
        parts = load_parts(models_dir, cuda=cuda)
        return cls(
            finder=_Finder(parts, min_face_px=min_face_px),
            embedder=_Embedder(parts.recogniser),
            max_pixels=max_pixels,
            max_faces=max_faces,
        )


class _Finder:
    """Finds faces with the package's detector, and cuts chips as the package does."""

    def __init__(self, parts: PackageParts, *, min_face_px: int) -> None:
        self._parts = parts
        self._min_face_px = min_face_px
        self._aligner = FivePointAligner()

    def detect(self, photo: Photo) -> list[_Found]:
        sides = [side for size in self._parts.detector.input_sizes for side in size]
        pixels = photo.resized(min(1.0, max(sides) / max(photo.width, photo.height)))
        if min(pixels.shape[:2]) * min(sides) < max(pixels.shape[:2]):
            return []  # so thin that the package would reduce it to nothing
        rows, points = self._parts.detector.detect(_bgr(pixels))
        if points is None:
            return []
        factor = np.float32(photo.width / pixels.shape[1])
        found = [
            _found(row, face_points, factor)
            for row, face_points in zip(rows, points, strict=True)
            if np.isfinite(row).all() and np.isfinite(face_points).all()
        ]
        large_enough = [face for face in found if _side_px(face) >= self._min_face_px]
        return sorted(large_enough, key=lambda face: face.detection.box.area, reverse=True)

    def align(self, photo: Photo, detected: list[_Found]) -> list[FoundFace]:
        aligned = self._aligner.align(photo, [face.detection for face in detected])
        return [
            FoundFace(
                detection=face.detection,
                landmarks=(landmarks := _landmarks(face.points)),
                roll=roll_of(landmarks),
                quality=assess(
                    dlibs,
                    face.detection,
                    sure_score=_SURE_SCORE,
                    photo_size=(photo.width, photo.height),
                ),
                chip=self._chip(photo, face),
            )
            for face, dlibs in zip(detected, aligned, strict=True)
        ]

    def _chip(self, photo: Photo, face: _Found) -> NDArray[np.uint8]:
        """Return the upright face, BGR, cut from no more pixels than are needed."""
        place = face.detection.landmark_box
        factor = min(1.0, _ENOUGH_PX / max(place.width, 1.0))
        region = photo.region(place.grown(_MARGIN), factor=factor)
        corner = np.array([region.left, region.top], dtype=np.float32)
        points = face.points * np.float32(region.factor) - corner
        with warnings.catch_warnings():
            # The package calls a function of scikit-image by its old name.
            warnings.simplefilter("ignore", FutureWarning)
            return self._parts.cut_chip(
                _bgr(region.pixels), points, self._parts.recogniser.input_size[0]
            )


class _Embedder:
    """The package's recogniser."""

    def __init__(self, recogniser: PackageRecogniser) -> None:
        self._recogniser = recogniser
        digest = sha256_of(Path(recogniser.model_file))
        self.model: Final = Model(name=_MODEL_NAME, version=digest[:_VERSION_DIGITS])

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return embeddings of length 1; one chip a time, as some networks take no more."""
        embeddings = [self._recogniser.get_feat(chip).ravel() for chip in chips]
        return np.array([_of_length_1(embedding) for embedding in embeddings], dtype=np.float32)


def _of_length_1(embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = embedding / np.float32(np.linalg.norm(embedding) or 1.0)
    return scaled


def _bgr(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels[:, :, ::-1])


def _side_px(face: _Found) -> float:
    return min(face.detection.box.width, face.detection.box.height)


def _found(row: NDArray[np.float32], points: NDArray[np.float32], factor: np.float32) -> _Found:
    left, top, right, bottom = (float(value) for value in row[:4] * factor)
    scaled = (points * factor).astype(np.float32)
    return _Found(
        detection=Detection(
            box=Box(left=left, top=top, right=right, bottom=bottom),
            landmark_box=landmark_box(scaled.astype(np.float64)),
            score=float(row[4]),
        ),
        points=scaled,
    )


def _landmarks(points: NDArray[np.float32]) -> dict[str, Point]:
    names = ("right_eye", "left_eye", "nose")
    return {
        name: (float(x), float(y)) for name, (x, y) in zip(names, points[: len(names)], strict=True)
    }
