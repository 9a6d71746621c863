"""The engine that comes with the service: which parts make up each profile."""

import logging
from pathlib import Path
from typing import Final, Self

from core.errors import ModelCorrupt
from core.faces.detection.detection import Detection, Detector
from core.faces.detection.hog import HogDetector
from core.faces.detection.mtcnn import MtcnnDetector
from core.faces.detection.multi_scale_search import DEFAULT_MIN_FACE_PX, FaceSearch
from core.faces.detection.turned import TurnedFaces
from core.faces.detection.yunet import YuNetDetector
from core.faces.engines.engine import DEFAULT_MAX_FACES, FoundFace, PhotoEngine
from core.faces.engines.profiles import Profile, profile_named
from core.faces.models.converted_networks import (
    MTCNN_NETWORKS,
    RESNET_INT8_NETWORK,
    RESNET_NETWORK,
    sha256_of,
)
from core.faces.models.model_files import YUNET, YUNET_SHA256
from core.faces.models.network import Network
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import FivePointAligner
from core.faces.recognition.embedding import DlibEmbedder, Embedder, ResNetEmbedder
from core.faces.recognition.quality import assess
from core.faces.results import Face as Face
from core.faces.results import Recognition as Recognition

_LOG: Final = logging.getLogger(__name__)
_YUNET_FACE_PX: Final = 38
_HOG_FACE_PX: Final = 100
"""Size of a face when it is looked at turned: the smallest at which the score tells."""


class SearchingFinder:
    """Finds faces by search, and aligns them by dlib's landmarks."""

    def __init__(self, search: FaceSearch) -> None:
        self._search = search
        self._aligner = FivePointAligner()

    def detect(self, photo: Photo) -> list[Detection]:
        return self._search.find(photo)

    def align(self, photo: Photo, detected: list[Detection]) -> list[FoundFace]:
        aligned = self._aligner.align(photo, detected)
        return [
            FoundFace(
                detection=detection,
                landmarks=face.landmarks,
                roll=face.roll,
                quality=assess(
                    face,
                    detection,
                    sure_score=self._search.sure_score,
                    photo_size=(photo.width, photo.height),
                ),
                chip=face.chip,
            )
            for detection, face in zip(detected, aligned, strict=True)
        ]


class FaceEngine(PhotoEngine[Detection]):
    """The engine with detectors and embeddings that may be used commercially."""

    @classmethod
    def load(
        cls,
        *,
        profile: str = "balanced",
        models_dir: Path,
        max_pixels: int,
        detection_max_side_px: int | None = None,
        min_face_px: int = DEFAULT_MIN_FACE_PX,
        cuda: bool = False,
        max_faces: int = DEFAULT_MAX_FACES,
    ) -> Self:
        """Load the models of a profile.

        Parameters
        ----------
        profile : str
            A name of `core.faces.engines.profiles.PROFILES`.
        models_dir : Path
            Where YuNet is looked for, and the converted networks are kept.
        max_pixels : int
            Photos with more are refused.
        detection_max_side_px : int, optional
            Longest side of the first look for faces, instead of the profile's.
        min_face_px : int
            Smaller faces are left out.
        max_faces : int
            Largest faces of a photo that are described and embedded.
        cuda : bool
            Embed on a GPU where there is one, and not in int8. Detectors stay on the
            processor: photos have many sizes, and CUDA prepares again for each.

        Raises
        ------
        ModelMissing, ModelCorrupt
            If a model is not installed, or damaged.
        """
        chosen = profile_named(profile)
        detector = load_detector(chosen, models_dir)
        sizes = chosen.sizes(max_side_px=detection_max_side_px, min_face_px=min_face_px)
        return cls(
            finder=SearchingFinder(FaceSearch(detector, sizes, turned_faces(detector))),
            embedder=_load_embedder(chosen, models_dir, cuda=cuda),
            max_pixels=max_pixels,
            max_faces=max_faces,
        )


def load_detector(profile: Profile, models_dir: Path) -> Detector:
    """Load a profile's detector, or MTCNN where YuNet is not installed.

    Raises
    ------
    ModelMissing, ModelCorrupt
        If a model is not installed, or damaged.
    """
    if profile.detector == "hog":
        return HogDetector()
    file = models_dir / YUNET
    if file.is_file():
        if sha256_of(file) != YUNET_SHA256:
            raise ModelCorrupt(f"{file} is damaged, or another version: remove it, or download it")
        return YuNetDetector(Network(file), min_score=profile.min_score)
    _LOG.warning(
        "YuNet was not found, MTCNN detects instead: slower, and it misses more small faces",
        extra={"yunet_file": str(file)},
    )
    return MtcnnDetector([Network(each.ensure(models_dir)) for each in MTCNN_NETWORKS])


def turned_faces(detector: Detector) -> TurnedFaces:
    """Return what tells how faces are turned: for MTCNN it is HOG, whose score tells it better."""
    if isinstance(detector, YuNetDetector):
        return TurnedFaces(detector, face_px=_YUNET_FACE_PX)
    return TurnedFaces(HogDetector(), face_px=_HOG_FACE_PX)


def _load_embedder(profile: Profile, models_dir: Path, *, cuda: bool) -> Embedder:
    if profile.dlib_embedding:
        return DlibEmbedder()
    # onnxruntime has no int8 convolutions for CUDA. What was asked for decides, not what
    # is there, so that workers of one setting give embeddings of one model.
    int8 = profile.int8 and not cuda
    network = RESNET_INT8_NETWORK if int8 else RESNET_NETWORK
    loaded = Network(network.ensure(models_dir), cuda=cuda)
    return ResNetEmbedder(loaded, int8=int8, mirrored=profile.mirrored)
