"""Chips to embeddings, and how far apart two of them are."""

from dataclasses import dataclass
from typing import Final

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.models import RESNET, model_file


@dataclass(frozen=True, kw_only=True)
class ModelId:
    """Embeddings can be compared only within one model and version."""

    name: str
    version: str


DLIB_RESNET: Final = ModelId(name="dlib-resnet", version="1")
EMBEDDING_LENGTH: Final = 128


class ResNetEmbedder:
    """dlib's face recognition network, 29 convolutions, trained on 3 million faces.

    References
    ----------
    http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html
    """

    model: Final = DLIB_RESNET

    def __init__(self) -> None:
        self._network = dlib.face_recognition_model_v1(str(model_file(RESNET)))

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return one embedding a chip.

        Parameters
        ----------
        chips : list of ndarray of uint8, shape (150, 150, 3)
            Upright faces, RGB.

        Returns
        -------
        ndarray of float32, shape (len(chips), 128)
        """
        if not chips:
            return np.empty((0, EMBEDDING_LENGTH), dtype=np.float32)
        return np.array(self._network.compute_face_descriptor(chips), dtype=np.float32)
