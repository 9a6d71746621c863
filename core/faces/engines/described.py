"""The engine with an embedding network that users bring, and describe in a file."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelCorrupt, ModelMissing
from core.faces.detection.detection import Detection
from core.faces.detection.multi_scale_search import DEFAULT_MIN_FACE_PX, FaceSearch
from core.faces.engines.builtin import SearchingFinder, load_detector, turned_faces
from core.faces.engines.engine import DEFAULT_MAX_FACES, FoundFace, PhotoEngine
from core.faces.engines.profiles import profile_named
from core.faces.models.converted_networks import sha256_of
from core.faces.models.embedder_description import EmbedderDescription
from core.faces.models.network import Network
from core.faces.photos.images import Photo
from core.faces.recognition.embedding import FULL_BATCH, in_batches
from core.faces.recognition.template_chips import cut_chip

_LOG: Final = logging.getLogger(__name__)
_SEARCHES_AS: Final = "balanced"
_WHITE: Final = 255
_TINY: Final = np.float32(1e-12)


class DescribedEngine(PhotoEngine[Detection]):
    """Finds faces as our own engine does, and embeds them with a network of the user's own.

    Embeddings have the network's width and length 1. Their model has the name that the
    description says, and a version of everything in it that changes them.
    """

    @classmethod
    def load(
        cls,
        *,
        described: EmbedderDescription,
        models_dir: Path,
        max_pixels: int,
        detection_max_side_px: int | None = None,
        min_face_px: int = DEFAULT_MIN_FACE_PX,
        cuda: bool = False,
        max_faces: int = DEFAULT_MAX_FACES,
    ) -> Self:
        """Load the detector and the network.

        Parameters
        ----------
        described : EmbedderDescription
        models_dir : Path
            Where YuNet is looked for, and the network's file.
        max_pixels, detection_max_side_px, min_face_px, max_faces
            As those of `core.faces.engines.builtin.FaceEngine.load`.
        cuda : bool
            Embed on a GPU where there is one.

        Raises
        ------
        ModelMissing
            If the network is not in the folder.
        ModelCorrupt
            If one of them is another file, or the network is not as described.
        """
        profile = profile_named(_SEARCHES_AS)
        detector = load_detector(profile, models_dir)
        sizes = profile.sizes(max_side_px=detection_max_side_px, min_face_px=min_face_px)
        finder = SearchingFinder(FaceSearch(detector, sizes, turned_faces(detector)))
        return cls(
            finder=_Finder(finder, described),
            embedder=DescribedEmbedder(described, models_dir, cuda=cuda),
            max_pixels=max_pixels,
            max_faces=max_faces,
        )


class _Finder:
    """Finds and judges faces as our own engine does, and cuts chips by the detector's points."""

    def __init__(self, finder: SearchingFinder, described: EmbedderDescription) -> None:
        self._finder = finder
        self._template = described.points
        self._side_px = described.side_px

    def detect(self, photo: Photo) -> list[Detection]:
        return self._finder.detect(photo)

    def align(self, photo: Photo, detected: list[Detection]) -> list[FoundFace]:
        return [
            replace(
                face, chip=cut_chip(photo, face.detection.points, self._template, self._side_px)
            )
            for face in self._finder.align(photo, detected)
        ]


class DescribedEmbedder:
    """The user's own network; its accuracy is not known here.

    Parameters
    ----------
    described : EmbedderDescription
    models_dir : Path
        Where its file is.
    cuda : bool

    Raises
    ------
    ModelMissing
        If the file is not there.
    ModelCorrupt
        If it is another file, or not as described.
    """

    def __init__(
        self, described: EmbedderDescription, models_dir: Path, *, cuda: bool = False
    ) -> None:
        file = models_dir / described.file
        if not file.is_file():
            source = f"fetch it from {described.url}" if described.url else "put it there"
            raise ModelMissing(f"the network {file} does not exist: {source}")
        if (digest := sha256_of(file)) != described.sha256:
            raise ModelCorrupt(f"{file} has the sha256 {digest}, not {described.sha256}")
        self._network = Network(file, cuda=cuda)
        self._most = 1 if self._network.input_shape[:1] == (1,) else FULL_BATCH
        low, high = described.range
        self._black, self._step = np.float32(low), np.float32((high - low) / _WHITE)
        self._channels = slice(None) if described.colours == "RGB" else slice(None, None, -1)
        self.model: Final = described.model
        self._try_out(file, described)
        _LOG.info(
            "loaded a network of the user's",
            extra={
                "network": str(file),
                "model": f"{self.model.name} {self.model.version}",
                "licence": described.licence,
                "training_data": described.training_data,
            },
        )

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return one embedding of length 1 per chip, float32 of shape (len(chips), width)."""
        if not chips:
            return np.empty((0, 0), dtype=np.float32)
        inputs = [self._input(chip) for chip in chips]
        embeddings = in_batches(self._network, inputs, most=self._most)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        scaled: NDArray[np.float32] = embeddings / np.maximum(lengths, _TINY)
        return scaled

    def _input(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        planes = chip[:, :, self._channels].transpose(2, 0, 1)
        values: NDArray[np.float32] = planes * self._step + self._black
        return values

    def _try_out(self, file: Path, described: EmbedderDescription) -> None:
        """Run the network once: what is wrong with it must not wait for a photo."""
        grey = np.full((described.side_px, described.side_px, 3), _WHITE // 2, dtype=np.uint8)
        try:
            answer = in_batches(self._network, [self._input(grey)], most=self._most)
        except Exception as error:  # onnxruntime's errors have no common base
            raise ModelCorrupt(f"{file} can't be run as described: {error}") from error
        if answer.shape != (1, described.width) or not np.isfinite(answer).all():
            raise ModelCorrupt(
                f"{file} answers with the shape {answer.shape}, or no numbers: "
                f"described are {described.width} numbers per face"
            )
