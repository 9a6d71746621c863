"""Small networks with the inputs and outputs of a SCRFD detector, ArcFace, and SFace."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.faces.models.converted_networks import sha256_of
from core.faces.models.embedder_description import EmbedderDescription

OWN_FILE: Final = "own.onnx"

STRIDES: Final = (8, 16, 32)
_ANCHORS: Final = 2
_NEVER: Final = -20.0

BOX: Final = (1.0, 1.0, 2.0, 2.0)
"""How far the box reaches to the left, top, right and bottom of a cell's corner, in strides."""

POINTS: Final = (-0.2, 0.1, 1.2, 0.1, 0.5, 0.7, 0.0, 1.3, 1.0, 1.3)
"""x and y of eyes, nose and corners of the mouth from the same corner, in strides."""

_COLOURS: Final = {8: None, 16: (1.0, -0.5, -0.5), 32: (1 / 3, 1 / 3, 1 / 3)}
"""What a cell of each stride looks for: 16 finds red cells, 32 finds white ones."""


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"weights_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"values_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def save(
        self,
        file: Path,
        inputs: dict[str, list[str | int]],
        outputs: dict[str, list[str | int]],
    ) -> Path:
        graph = helper.make_graph(
            self.nodes, file.stem, _values(inputs), _values(outputs), self.weights
        )
        opset = helper.make_opsetid("", 17)
        onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[opset]), file)
        return file


def _values(shapes: dict[str, list[str | int]]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]


def scene() -> NDArray[np.uint8]:
    """Return 640 x 480 pixels: a large face at a white cell, a small one at a red cell."""
    columns, rows = np.meshgrid(np.linspace(0, 60, 640), np.linspace(0, 60, 480))
    pixels = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    pixels[160:192, 320:352] = 255
    pixels[320:336, 480:496] = (255, 0, 0)
    return pixels


def write_detector(file: Path, *, landmarks: bool = True) -> Path:
    """Write a network that finds a face at white cells of 32 pixels and red ones of 16."""
    graph = _Graph()
    outputs: dict[str, list[str | int]] = {}
    heads = {"score": 1, "bbox": 4} | ({"kps": 10} if landmarks else {})
    for head, width in heads.items():
        for stride in STRIDES:
            name = f"{head}_{stride}"
            values = _head(graph, head, stride, width)
            shape = graph.constant(np.array([-1, width], dtype=np.int64))
            graph.add("Reshape", values, shape, output=name)
            outputs[name] = [f"cells_{stride}", width]
    return graph.save(file, {"input.1": [1, 3, "height", "width"]}, outputs)


def _head(graph: _Graph, head: str, stride: int, width: int) -> str:
    kernel = np.zeros((_ANCHORS * width, 3, stride, stride), dtype=np.float32)
    if head == "score":
        bias = np.full(_ANCHORS, _NEVER, dtype=np.float32)
        colour = _COLOURS[stride]
        if colour is not None:
            kernel[0] = 20 * np.array(colour, dtype=np.float32)[:, None, None] / stride**2
            bias[0] = -16
    else:
        bias = np.tile(np.array(BOX if head == "bbox" else POINTS, dtype=np.float32), _ANCHORS)
    cells = graph.add(
        "Conv",
        "input.1",
        graph.constant(kernel),
        graph.constant(bias),
        kernel_shape=[stride, stride],
        strides=[stride, stride],
    )
    if head == "score":
        cells = graph.add("Sigmoid", cells)
    return graph.add("Transpose", cells, perm=[0, 2, 3, 1])


def write_recogniser(
    file: Path, *, width: int, seed: int = 0, channels: int = 3, batch: str | int = "count"
) -> Path:
    """Write a network whose embeddings depend on where a chip is bright."""
    graph = _Graph()
    random = np.random.default_rng(seed)
    weights = random.normal(size=(channels * 8 * 8, width)).astype(np.float32)
    cells = graph.add("AveragePool", "input.1", kernel_shape=[14, 14], strides=[14, 14])
    features = graph.add("Flatten", cells)
    graph.add("MatMul", features, graph.constant(weights), output="embedding")
    inputs: dict[str, list[str | int]] = {"input.1": [batch, channels, 112, 112]}
    return graph.save(file, inputs, {"embedding": [batch, width]})


def write_swapper(file: Path) -> Path:
    """Write a network of a kind that the package greets on stdout."""
    graph = _Graph()
    graph.weights.append(numpy_helper.from_array(np.eye(4, dtype=np.float32), "emap"))
    graph.add("Identity", "target", output="swapped")
    inputs: dict[str, list[str | int]] = {"target": [1, 3, 128, 128], "source": [1, 4]}
    return graph.save(file, inputs, {"swapped": [1, 3, 128, 128]})


def describe(folder: Path, **changes: Any) -> EmbedderDescription:
    """Describe the network of a folder; `changes` replaces fields."""
    fields: dict[str, Any] = {
        "name": "own",
        "file": OWN_FILE,
        "sha256": sha256_of(folder / OWN_FILE),
        "licence": "CC0-1.0",
        "training_data": "none: its weights are drawn at random",
        "side_px": 112,
        "colours": "RGB",
        "range": (0, 255),
        "template": "arcface",
        "width": 128,
        "max_distance": 1.0,
    }
    return EmbedderDescription(**(fields | changes))


def write_network(
    folder: Path, *, width: int = 128, seed: int = 0, batch: str | int = "count"
) -> EmbedderDescription:
    """Write a network, of SFace's shape unless asked otherwise, and describe it."""
    write_recogniser(folder / OWN_FILE, width=width, seed=seed, batch=batch)
    return describe(folder, width=width)
