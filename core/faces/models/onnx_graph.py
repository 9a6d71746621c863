"""Writes an ONNX model, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.faces.models.dat_file import Convolution

_OPSET: Final = 17
_IR_VERSION: Final = 8


class Graph:
    """Collects nodes and constants; values are known by name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self,
        operator: str,
        inputs: list[str],
        *,
        output: str | None = None,
        **attributes: int | list[int] | float | str,
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

    def normalised(self, pixels: str, *, mean: NDArray[np.float32], scale: np.float32) -> str:
        """Turn uint8 rows of RGB into float32 planes: minus the mean, divided by the scale."""
        # Planes of bytes are a quarter of the memory traffic of planes of floats.
        planes = self.add("Transpose", [pixels], perm=[0, 3, 1, 2])
        floats = self.add("Cast", [planes], to=TensorProto.FLOAT)
        centred = self.add("Sub", [floats, self.constant(mean.reshape(1, -1, 1, 1))])
        return self.add("Mul", [centred, self.constant(np.array(1 / scale))])

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
        self,
        *,
        inputs: tuple[str, int, list[str | int]],
        outputs: Mapping[str, Sequence[str | int]],
    ) -> bytes:
        """Return the ONNX model; the outputs are float32, by name."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(*inputs)],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in outputs.items()
            ],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        return bytes(model.SerializeToString())
