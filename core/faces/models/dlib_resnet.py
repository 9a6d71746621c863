"""dlib's face recognition network as an ONNX graph.

References
----------
https://github.com/davisking/dlib/blob/master/examples/dnn_face_recognition_ex.cpp
"""

from typing import Final

from onnx import TensorProto

from core.errors import ModelCorrupt
from core.faces.models.dat_file import DatFile
from core.faces.models.model_files import MEAN_RGB, PIXEL_SCALE
from core.faces.models.onnx_graph import Graph

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
    graph = Graph("dlib")
    value = graph.normalised("chips", mean=MEAN_RGB, scale=PIXEL_SCALE)
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
        outputs={"embeddings": ["count", _EMBEDDING_LENGTH]},
    )
