"""MTCNN's three networks as ONNX graphs.

Each looks closer than the one before: the first at every place of a small photo, the
second and the third at squares of 24 and of 48 pixels.

References
----------
K. Zhang, Z. Zhang, Z. Li and Y. Qiao, Joint Face Detection and Alignment Using Multitask
Cascaded Convolutional Networks, IEEE Signal Processing Letters 23, 2016,
https://arxiv.org/abs/1604.02878
"""

import hashlib
import io
from typing import Any, Final

import joblib
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from core.errors import ModelCorrupt
from core.faces.models.dat_file import Convolution
from core.faces.models.onnx_graph import Graph

SECOND_SIDE_PX: Final = 24
THIRD_SIDE_PX: Final = 48

_SHA256: Final = {
    "mtcnn-1": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "mtcnn-2": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "mtcnn-3": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Of the files in the package ``mtcnn`` 1.0.0. They are pickles, so no others may be opened."""

_MEAN: Final = np.full(3, 127.5, dtype=np.float32)
_SCALE: Final = np.float32(128)
_SAME: Final = "SAME_UPPER"


class _Layers:
    """Takes the weights of one layer after the other, and adds the layer to a graph."""

    def __init__(self, content: bytes, name: str) -> None:
        digest = hashlib.sha256(content).hexdigest()
        if digest != _SHA256[name]:
            raise ModelCorrupt(f"its sha256 is {digest}, not {_SHA256[name]}")
        self._arrays = iter(joblib.load(io.BytesIO(content)))
        self.graph = Graph(name)

    def convolution(self, value: str, output: str | None = None) -> str:
        weights, bias = next(self._arrays).transpose(3, 2, 0, 1), next(self._arrays)
        layer = Convolution(weights=weights, bias=bias, stride=1, padding=(0, 0))
        return self.graph.convolution(value, layer, output=output)

    def rectified(self, value: str) -> str:
        """Weaken values below 0, by a slope for each channel."""
        slopes: NDArray[np.float32] = next(self._arrays)
        shape = (-1, 1, 1) if slopes.ndim > 1 else (-1,)
        return self.graph.add("PRelu", [value, self.graph.constant(slopes.reshape(shape))])

    def dense(self, value: str, output: str | None = None) -> str:
        weights, bias = (self.graph.constant(next(self._arrays)) for _ in range(2))
        return self.graph.add("Gemm", [value, weights, bias], output=output)

    def pool(self, value: str, side: int, **options: Any) -> str:
        return self.graph.add(
            "MaxPool", [value], kernel_shape=[side, side], strides=[2, 2], **options
        )

    def flat(self, value: str) -> str:
        """Columns come before rows, as where the weights were trained."""
        turned = self.graph.add("Transpose", [value], perm=[0, 3, 2, 1])
        return self.graph.add("Flatten", [turned])


def first_network(content: bytes) -> bytes:
    """Convert the network that looks everywhere.

    Returns
    -------
    bytes
        An ONNX model: ``pixels``, uint8 RGB (N, H, W, 3), to ``scores`` (N, 2, h, w), of
        which the second is for a face, and ``offsets`` (N, 4, h, w), for each 2 x 2 pixels.

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that of the package.
    """
    layers = _Layers(content, "mtcnn-1")
    graph = layers.graph
    value = graph.normalised("pixels", mean=_MEAN, scale=_SCALE)
    value = layers.pool(layers.rectified(layers.convolution(value)), 2, auto_pad=_SAME)
    value = layers.rectified(layers.convolution(value))
    value = layers.rectified(layers.convolution(value))
    layers.convolution(value, "offsets")
    graph.add("Softmax", [layers.convolution(value)], output="scores", axis=1)
    return graph.model(
        inputs=("pixels", TensorProto.UINT8, ["count", "height", "width", 3]),
        outputs={
            "scores": ["count", 2, "rows", "columns"],
            "offsets": ["count", 4, "rows", "columns"],
        },
    )


def second_network(content: bytes) -> bytes:
    """Convert the network that looks at squares of 24 pixels.

    Returns
    -------
    bytes
        An ONNX model: ``pixels``, uint8 RGB (N, 24, 24, 3), to ``scores`` (N, 2) and
        ``offsets`` (N, 4).

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that of the package.
    """
    layers = _Layers(content, "mtcnn-2")
    value = _seen(layers)
    value = layers.rectified(layers.convolution(value))
    return _judged(layers, value, SECOND_SIDE_PX, {"offsets": 4})


def third_network(content: bytes) -> bytes:
    """Convert the network that looks at squares of 48 pixels, and sees eyes, nose and mouth.

    Returns
    -------
    bytes
        An ONNX model: ``pixels``, uint8 RGB (N, 48, 48, 3), to ``scores`` (N, 2),
        ``offsets`` (N, 4), and ``points`` (N, 10): five numbers from the left, then five
        from the top.

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that of the package.
    """
    layers = _Layers(content, "mtcnn-3")
    value = _seen(layers)
    value = layers.pool(layers.rectified(layers.convolution(value)), 2, auto_pad=_SAME)
    value = layers.rectified(layers.convolution(value))
    return _judged(layers, value, THIRD_SIDE_PX, {"offsets": 4, "points": 10})


def _seen(layers: _Layers) -> str:
    """Add what the second and the third network begin with."""
    value = layers.graph.normalised("pixels", mean=_MEAN, scale=_SCALE)
    value = layers.pool(layers.rectified(layers.convolution(value)), 3, auto_pad=_SAME)
    return layers.pool(layers.rectified(layers.convolution(value)), 3)


def _judged(layers: _Layers, value: str, side_px: int, heads: dict[str, int]) -> bytes:
    """Add what both end with: numbers by name, and the scores."""
    value = layers.rectified(layers.dense(layers.flat(value)))
    for name in heads:
        layers.dense(value, name)
    layers.graph.add("Softmax", [layers.dense(value)], output="scores", axis=1)
    return layers.graph.model(
        inputs=("pixels", TensorProto.UINT8, ["count", side_px, side_px, 3]),
        outputs={name: ["count", width] for name, width in (("scores", 2), *heads.items())},
    )
