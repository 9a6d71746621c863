"""Chips to embeddings, which are near each other for one person's faces."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import dlib
import numpy as np
from numpy.typing import NDArray

from core.faces.models.model_files import RESNET, model_file
from core.faces.models.network import Network
from core.faces.results import EMBEDDING_LENGTH as EMBEDDING_LENGTH
from core.faces.results import Model as Model

DLIB_RESNET: Final = Model(name="dlib-resnet", version="1")
DLIB_RESNET_MIRRORED: Final = Model(name="dlib-resnet", version="1-mirrored")
DLIB_RESNET_INT8: Final = Model(name="dlib-resnet-int8", version="1")
DLIB_RESNET_INT8_MIRRORED: Final = Model(name="dlib-resnet-int8", version="1-mirrored")
_MODELS: Final = MappingProxyType(
    {
        # in int8, mirrored
        (False, False): DLIB_RESNET,
        (False, True): DLIB_RESNET_MIRRORED,
        (True, False): DLIB_RESNET_INT8,
        (True, True): DLIB_RESNET_INT8_MIRRORED,
    }
)
_MIRRORED_LENGTH: Final = np.float32(1.43)
"""Mean length of dlib's embeddings on LFW, which keeps the usual thresholds meaningful."""

FULL_BATCH: Final = 16
"""More faces at a time cost memory and are no faster on a processor."""


class Embedder(Protocol):
    """Turns upright chips into embeddings."""

    @property
    def model(self) -> Model:
        """What the embeddings may be compared with."""
        ...

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return one embedding a chip.

        Parameters
        ----------
        chips : list of ndarray of uint8, shape (150, 150, 3)
            Upright faces, RGB.

        Returns
        -------
        ndarray of float32, shape (len(chips), D)
        """
        ...


class ResNetEmbedder:
    """dlib's face recognition network in onnxruntime; in float32 equal to dlib within 1e-5.

    Parameters
    ----------
    network : Network
        ``RESNET_NETWORK`` of ``core.faces.models.converted_networks``, or its
        ``RESNET_INT8_NETWORK``.
    int8 : bool
        Say that the network is the second of these: its embeddings are near dlib's,
        not equal to them, and a model of their own.
    mirrored : bool
        Return the mean of the embeddings of each chip and its mirror image, all
        of one length: fewer errors for twice the time. These embeddings are a
        model of their own.

    References
    ----------
    http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html
    """

    def __init__(self, network: Network, *, int8: bool = False, mirrored: bool = False) -> None:
        self._network = network
        self._mirrored = mirrored
        self.model: Final = _MODELS[int8, mirrored]

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return one embedding a chip, float32 of shape (len(chips), 128)."""
        if not chips:
            return np.empty((0, EMBEDDING_LENGTH), dtype=np.float32)
        if not self._mirrored:
            return in_batches(self._network, chips)
        views = [view for chip in chips for view in (chip, chip[:, ::-1])]
        embeddings = in_batches(self._network, views)
        means = embeddings[0::2] + embeddings[1::2]
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        scaled: NDArray[np.float32] = means * (_MIRRORED_LENGTH / lengths)
        return scaled


def in_batches(
    network: Network, inputs: Sequence[NDArray[Any]], *, most: int = FULL_BATCH
) -> NDArray[np.float32]:
    """Return what a network's first output says of each input.

    Parameters
    ----------
    inputs : sequence of ndarray
        One or more, of one shape.
    most : int
        Inputs at a time.
    """
    batches = [np.stack(inputs[start : start + most]) for start in range(0, len(inputs), most)]
    return np.concatenate([_run(network, batch, most) for batch in batches])


def _run(network: Network, batch: NDArray[Any], most: int) -> NDArray[np.float32]:
    output = network.outputs[0]
    if not network.on_gpu:
        return network.run(batch)[output]
    # CUDA prepares again for every other size of batch, which takes longer than a full one.
    full = np.zeros((most, *batch.shape[1:]), dtype=batch.dtype)
    full[: len(batch)] = batch
    return network.run(full)[output][: len(batch)]


class DlibEmbedder:
    """The same network in dlib: the reference, ten times as slow.

    Parameters
    ----------
    network : dlib.face_recognition_model_v1, optional
        One that is loaded already.
    """

    model: Final = DLIB_RESNET

    def __init__(self, network: dlib.face_recognition_model_v1 | None = None) -> None:
        self._network = network or dlib.face_recognition_model_v1(str(model_file(RESNET)))

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return one embedding a chip, float32 of shape (len(chips), 128)."""
        if not chips:
            return np.empty((0, EMBEDDING_LENGTH), dtype=np.float32)
        return np.array(self._network.compute_face_descriptor(chips), dtype=np.float32)
