from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from benchmarks.engine.network_limits import limits, multiply_adds

_SHAPE = (1, 3, 8, 6)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Return a network of any size of image: 4 filters of 3 x 3, their means, 5 outputs."""

    def zeros(name: str, *sides: int) -> Any:
        count = 1
        for side in sides:
            count *= side
        return helper.make_tensor(name, TensorProto.FLOAT, sides, [0.0] * count)

    nodes = [
        helper.make_node("Conv", ["image", "filters"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["maps"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["result"], transB=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])
    graph = helper.make_graph(
        nodes,
        "small",
        [image],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["n", 5])],
        [zeros("filters", 4, 3, 3, 3), zeros("matrix", 5, 4)],
    )
    file = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    return file


def test_every_output_costs_one_multiply_add_a_weight_that_it_sees(network: Path) -> None:
    assert multiply_adds(network, _SHAPE) == 8 * 6 * 4 * (3 * 3 * 3) + 5 * 4


def test_two_inputs_at_once_cost_twice_as_much(network: Path) -> None:
    assert multiply_adds(network, (2, *_SHAPE[1:])) == 2 * multiply_adds(network, _SHAPE)


def test_least_time_is_that_of_all_runs_at_full_speed(network: Path) -> None:
    run = {"file": str(network), "shape": list(_SHAPE), "seconds": 0.5}
    count = multiply_adds(network, _SHAPE)

    limit = limits([[run, run]], photos=1, multiply_adds_per_s=count * 10.0)["small"]

    assert (limit["least_ms_per_photo"], limit["ms_per_photo"]) == (200, 1000)
    assert limit["runs_per_photo"] == 2
