"""dlib's two networks as ONNX graphs; what their layers are, and how they connect.

References
----------
https://github.com/davisking/dlib/blob/master/examples/dnn_face_recognition_ex.cpp
https://github.com/davisking/dlib/blob/master/examples/dnn_mmod_face_detection_ex.cpp
"""

from dataclasses import replace
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.errors import ModelCorrupt
from core.faces.models.dat_file import Convolution, DatFile
from core.faces.models.model_files import MEAN_RGB, PIXEL_SCALE

_OPSET: Final = 17
_IR_VERSION: Final = 8

_RESNET_BLOCKS: Final = (
    *((32, False),) * 3,
    *((64, True), (64, False), (64, False), (64, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False), (256, True)),
)
"""Filters of each block of two convolutions, and whether it halves the size."""

_CHIP_SIDE_PX: Final = 150
_FEATURES: Final = 256
_EMBEDDING_LENGTH: Final = 128
_MMOD_CONVOLUTIONS: Final = 7


def resnet_from_dat(content: bytes) -> bytes:
    """Convert dlib's face recognition network.

    Returns
    -------
    bytes
        An ONNX model: ``chips``, uint8 RGB (N, 150, 150, 3), to ``embeddings``,
        float32 (N, 128). dlib's normalisation of the pixels is part of it.

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that network.
    """
    file = DatFile(content, loss_name="loss_metric_2")
    graph = _Graph()
    value = graph.normalised("chips")
    value = graph.relu(graph.convolution(value, file.convolution()))
    value = graph.add("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
    side, channels = (_CHIP_SIDE_PX - 7) // 2 + 1, 32
    side = (side - 3) // 2 + 1
    for filters, halves in _RESNET_BLOCKS:
        first, second = file.convolution(), file.convolution()
        if first.weights.shape[:2] != (filters, channels):
            raise ModelCorrupt(f"{first.weights.shape} weights in a block of {filters} filters")
        branch = graph.convolution(graph.relu(graph.convolution(value, first)), second)
        if halves:
            branch_side, side = (side - 3) // 2 + 1, side // 2
            value = graph.add("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
            value = graph.padded(value, channels=filters - channels)
            branch = graph.padded(branch, pixels=side - branch_side)
        value = graph.relu(graph.add("Add", [branch, value]))
        channels = filters
    value = graph.add("Flatten", [graph.add("GlobalAveragePool", [value])])
    weights = graph.constant(file.matrix(inputs=_FEATURES, outputs=_EMBEDDING_LENGTH))
    graph.add("MatMul", [value, weights], output="embeddings")
    side_px = _CHIP_SIDE_PX
    return graph.model(
        inputs=("chips", TensorProto.UINT8, ["count", side_px, side_px, 3]),
        outputs=("embeddings", ["count", _EMBEDDING_LENGTH]),
    )


def mmod_from_dat(content: bytes) -> bytes:
    """Convert dlib's CNN face detector.

    Returns
    -------
    bytes
        An ONNX model: ``canvases``, normalised float32 (N, 3, H, W), to
        ``scores``, float32 (N, 1, h, w), one score for each 8 x 8 pixels.

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that network.
    """
    file = DatFile(content, loss_name="loss_mmod_")
    graph = _Graph()
    value = "canvases"
    for _ in range(_MMOD_CONVOLUTIONS - 1):
        value = graph.relu(graph.convolution(value, file.convolution()))
    columns, row = _by_columns(file.convolution())
    graph.convolution(graph.convolution(value, columns), row, output="scores")
    return graph.model(
        inputs=("canvases", TensorProto.FLOAT, ["count", 3, "height", "width"]),
        outputs=("scores", ["count", 1, "rows", "columns"]),
    )


def _by_columns(layer: Convolution) -> tuple[Convolution, Convolution]:
    """Return two layers that do the same as one with a single square filter.

    The first has a filter for each column of it, the second adds their answers
    along the row. It is faster, because onnxruntime has no fast way to a single
    large filter.
    """
    side = layer.weights.shape[3]
    columns = replace(
        layer,
        weights=layer.weights.transpose(3, 1, 2, 0),
        bias=np.zeros(side, np.float32),
        padding=(layer.padding[0], 0),
    )
    row = replace(
        layer,
        weights=np.eye(side, dtype=np.float32)[None, :, None, :],
        padding=(0, layer.padding[1]),
    )
    return columns, row


class _Graph:
    """Collects nodes and constants; values are known by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self,
        operator: str,
        inputs: list[str],
        *,
        output: str | None = None,
        **attributes: int | list[int] | float,
    ) -> str:
        name = output or f"value_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, [name])
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in attributes.items()
        )
        self._nodes.append(node)
        return name

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def normalised(self, pixels: str) -> str:
        """Turn uint8 rows of RGB into float32 planes as dlib's input layer makes them."""
        # Planes of bytes are a quarter of the memory traffic of planes of floats.
        planes = self.add("Transpose", [pixels], perm=[0, 3, 1, 2])
        floats = self.add("Cast", [planes], to=TensorProto.FLOAT)
        centred = self.add("Sub", [floats, self.constant(MEAN_RGB.reshape(1, 3, 1, 1))])
        return self.add("Mul", [centred, self.constant(np.array(1 / PIXEL_SCALE))])

    def convolution(self, value: str, layer: Convolution, *, output: str | None = None) -> str:
        return self.add(
            "Conv",
            [value, self.constant(layer.weights), self.constant(layer.bias)],
            output=output,
            kernel_shape=list(layer.weights.shape[2:]),
            strides=[layer.stride] * 2,
            pads=[*layer.padding, *layer.padding],
        )

    def relu(self, value: str) -> str:
        return self.add("Relu", [value])

    def padded(self, value: str, *, channels: int = 0, pixels: int = 0) -> str:
        """Append zeros behind the channels, and below and right of the pixels."""
        if channels == 0 and pixels == 0:
            return value
        ends = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype=np.int64)
        return self.add("Pad", [value, self.constant(ends)])

    def model(
        self, *, inputs: tuple[str, int, list[str | int]], outputs: tuple[str, list[str | int]]
    ) -> bytes:
        graph = helper.make_graph(
            self._nodes,
            "dlib",
            [helper.make_tensor_value_info(*inputs)],
            [helper.make_tensor_value_info(outputs[0], TensorProto.FLOAT, outputs[1])],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        return bytes(model.SerializeToString())
