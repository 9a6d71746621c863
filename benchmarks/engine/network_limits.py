"""How fast networks could be at best: their multiply-adds, and what this core can do of them."""

import os
import time
from collections.abc import Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from core.faces.models.network import session_options

_WEIGHTS_AT: Final = {
    "Conv": 1,
    "ConvInteger": 1,
    "QLinearConv": 3,
    "Gemm": 1,
    "MatMul": 1,
    "MatMulInteger": 1,
    "QLinearMatMul": 3,
}
"""Which input of a node holds its weights; all other nodes multiply next to nothing."""

_MATRIX_SIDES: Final = (256, 384, 512)
_SECONDS_A_SIDE: Final = 1.0


@cache
def multiply_adds(network: Path, input_shape: tuple[int, ...]) -> int:
    """Return how often a network multiplies and adds for one input of that shape."""
    model = onnx.load(network)
    for dimension, size in zip(
        model.graph.input[0].type.tensor_type.shape.dim, input_shape, strict=True
    ):
        dimension.dim_value = size
    del model.graph.value_info[:]  # of inputs of other shapes
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in (*inferred.input, *inferred.value_info, *inferred.output)
    }
    shapes |= {weights.name: list(weights.dims) for weights in inferred.initializer}
    return sum(_of_node(node, shapes) for node in inferred.node if node.op_type in _WEIGHTS_AT)


def _of_node(node: Any, shapes: dict[str, list[int]]) -> int:
    weights = shapes[node.input[_WEIGHTS_AT[node.op_type]]]
    results = prod(shapes[node.output[0]])
    if "Conv" in node.op_type:  # weights of shape (filters, channels, rows, columns)
        return results * prod(weights[1:])
    transposed = any(field.name == "transB" and field.i for field in node.attribute)
    return results * weights[-1 if transposed else -2]


def float32_multiply_adds_per_s(core: int) -> float:
    """Return how many float32 multiply-adds one thread on a core was seen to do in a second.

    The best of many products of matrices in onnxruntime, which fit into the cache:
    what a network at its very best comes near to.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return max(side**3 / _seconds_of_product(side) for side in _MATRIX_SIDES)
    finally:
        os.sched_setaffinity(0, allowed)


def _seconds_of_product(side: int) -> float:
    session = onnxruntime.InferenceSession(
        _product_of(side), session_options(), providers=["CPUExecutionProvider"]
    )
    generator = np.random.default_rng(side)
    one, other = (generator.random((side, side), dtype=np.float32) for _ in range(2))
    best, started = np.inf, time.perf_counter()
    while (begun := time.perf_counter()) - started < _SECONDS_A_SIDE:
        session.run(None, {"one": one, "other": other})
        best = min(best, time.perf_counter() - begun)
    return float(best)


def _product_of(side: int) -> bytes:
    def matrix(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [side, side])

    node = helper.make_node("MatMul", ["one", "other"], ["product"])
    graph = helper.make_graph(
        [node], "product", [matrix("one"), matrix("other")], [matrix("product")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def limits(
    runs: Sequence[Sequence[dict[str, Any]]], photos: int, multiply_adds_per_s: float
) -> dict[str, Any]:
    """Return for each network the least time a photo that it could take, and what it took.

    Parameters
    ----------
    runs : sequence of sequence of dict
        For each repetition, every run of a network: ``file``, ``shape``, ``seconds``.
    photos : int
        How many photos each repetition is of.
    """
    return {
        Path(file).stem: _limit(file, runs, photos, multiply_adds_per_s)
        for file in dict.fromkeys(run["file"] for run in runs[0])
    }


def _limit(
    file: str, runs: Sequence[Sequence[dict[str, Any]]], photos: int, multiply_adds_per_s: float
) -> dict[str, Any]:
    shapes = [tuple(run["shape"]) for run in runs[0] if run["file"] == file]
    usual = max(shapes, key=shapes.count)
    total = sum(multiply_adds(Path(file), shape) for shape in shapes)
    seconds = [sum(run["seconds"] for run in turn if run["file"] == file) for turn in runs]
    return {
        "usual_input": list(usual),
        "million_multiply_adds_of_it": round(multiply_adds(Path(file), usual) / 1e6, 1),
        "runs_per_photo": round(len(shapes) / photos, 2),
        "million_multiply_adds_per_photo": round(total / photos / 1e6, 1),
        "least_ms_per_photo": round(1000 * total / multiply_adds_per_s / photos, 2),
        "ms_per_photo": round(1000 * float(np.median(seconds)) / photos, 2),
    }
