"""Photo bytes to faces with embeddings: decode, detect, align, embed."""

import logging
import time
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelCorrupt
from core.faces.alignment import AlignedFace, FivePointAligner
from core.faces.detection import Detection, Detector
from core.faces.embedding import DlibEmbedder, Embedder, ResNetEmbedder
from core.faces.hog import HogDetector
from core.faces.images import Photo
from core.faces.memory import release_freed_memory
from core.faces.mmod import MmodDetector
from core.faces.models import YUNET, YUNET_SHA256
from core.faces.network import Network
from core.faces.profiles import DEFAULT_MIN_FACE_PX, Profile, profile_named
from core.faces.quality import assess
from core.faces.results import Face as Face
from core.faces.results import Recognition as Recognition
from core.faces.search import FaceSearch
from core.faces.weights import MMOD_NETWORK, RESNET_NETWORK, sha256_of
from core.faces.yunet import YuNetDetector

_LOG: Final = logging.getLogger(__name__)


class FaceEngine:
    """Turns photos into faces with the parts that it is given."""

    def __init__(
        self,
        *,
        search: FaceSearch,
        aligner: FivePointAligner,
        embedder: Embedder,
        max_pixels: int,
    ) -> None:
        self._search = search
        self._aligner = aligner
        self._embedder = embedder
        self._max_pixels = max_pixels

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
    ) -> Self:
        """Load the models of a profile.

        Parameters
        ----------
        profile : str
            A name of `core.faces.profiles.PROFILES`.
        models_dir : Path
            Where YuNet is looked for, and dlib's networks are kept converted.
        max_pixels : int
            Photos with more are refused.
        detection_max_side_px : int, optional
            Longest side of the first look for faces, instead of the profile's.
        min_face_px : int
            Smaller faces are left out.
        cuda : bool
            Run the networks on a GPU where there is one.

        Raises
        ------
        ModelMissing, ModelCorrupt
            If a model is not installed, or damaged.
        """
        chosen = profile_named(profile)
        name, detector = _load_detector(chosen, models_dir, cuda=cuda)
        sizes = chosen.sizes(name, max_side_px=detection_max_side_px, min_face_px=min_face_px)
        return cls(
            search=FaceSearch(detector, sizes),
            aligner=FivePointAligner(),
            embedder=_load_embedder(chosen, models_dir, cuda=cuda),
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
        opened = Photo(photo, max_pixels=self._max_pixels)
        detections = self._search.find(opened)
        detected = time.perf_counter()
        aligned = self._aligner.align(opened, [found.landmark_box for found in detections])
        cut = time.perf_counter()
        embeddings = self._embedder.embed([face.chip for face in aligned])
        embedded = time.perf_counter()
        opened.close()
        release_freed_memory()
        return Recognition(
            width=opened.width,
            height=opened.height,
            faces=tuple(
                self._face(opened, *parts)
                for parts in zip(detections, aligned, embeddings, strict=True)
            ),
            model=self._embedder.model,
            timings_ms={
                "detect": (detected - started) * 1000,
                "align": (cut - detected) * 1000,
                "embed": (embedded - cut) * 1000,
            },
        )

    def _face(
        self,
        photo: Photo,
        detection: Detection,
        aligned: AlignedFace,
        embedding: NDArray[np.float32],
    ) -> Face:
        quality = assess(aligned, detection, sure_score=self._search.sure_score)
        return Face(
            box=detection.box.clipped(photo.width, photo.height),
            landmarks=aligned.landmarks,
            detection_score=detection.score,
            embedding=embedding,
            quality=quality.score,
            flaws=quality.flaws,
        )


def _load_detector(profile: Profile, models_dir: Path, *, cuda: bool) -> tuple[str, Detector]:
    if profile.detector == "hog":
        return "hog", HogDetector()
    file = models_dir / YUNET
    if file.is_file():
        if sha256_of(file) != YUNET_SHA256:
            raise ModelCorrupt(f"{file} is damaged, or another version: remove it, or download it")
        return "yunet", YuNetDetector(Network(file, cuda=cuda), min_score=profile.min_score)
    _LOG.warning(
        "YuNet was not found, mmod detects instead: slower, and no faces under 40 pixels",
        extra={"yunet_file": str(file)},
    )
    return "mmod", MmodDetector(Network(MMOD_NETWORK.ensure(models_dir), cuda=cuda))


def _load_embedder(profile: Profile, models_dir: Path, *, cuda: bool) -> Embedder:
    if profile.dlib_embedding:
        return DlibEmbedder()
    network = Network(RESNET_NETWORK.ensure(models_dir), cuda=cuda)
    return ResNetEmbedder(network, mirrored=profile.mirrored)
