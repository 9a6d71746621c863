import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from core.errors import ModelCorrupt
from core.faces.detection.detection import Detection
from core.faces.geometry import Box
from core.faces.models.converted_networks import RESNET_INT8_NETWORK, RESNET_NETWORK, RESNET_RANGES
from core.faces.models.network import Network
from core.faces.models.quantisation import resnet_int8_from_dat
from core.faces.photos.images import Photo
from core.faces.recognition.alignment import FivePointAligner
from core.faces.recognition.embedding import ResNetEmbedder

_EXAMPLES = "face-recognition-examples/images/examples"
_FACES = {
    "obama.jpg": Box(left=349, top=142, right=617, bottom=410),
    "biden.jpg": Box(left=356, top=199, right=734, bottom=577),
}


@pytest.fixture(scope="module")
def embed(models_dir: Path) -> Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]]:
    return ResNetEmbedder(Network(RESNET_INT8_NETWORK.ensure(models_dir)), int8=True).embed


@pytest.fixture(scope="module")
def converted(resnet_dat: Path) -> onnx.ModelProto:
    return onnx.load_from_string(
        resnet_int8_from_dat(resnet_dat.read_bytes(), RESNET_RANGES.read_bytes())
    )


def _face(photo: Path, box: Box) -> NDArray[np.uint8]:
    opened = Photo(photo.read_bytes(), max_pixels=50_000_000)
    (face,) = FivePointAligner().align(opened, [Detection(box=box, landmark_box=box, score=1.0)])
    return face.chip


@pytest.mark.parametrize("name", _FACES)
def test_int8_embedding_of_a_real_face_is_near_that_in_float32(
    models_dir: Path,
    embed: Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]],
    shared_data: Path,
    name: str,
) -> None:
    chip = _face(shared_data / _EXAMPLES / name, _FACES[name])
    chips = [chip, chip[:, ::-1]]

    in_float32 = ResNetEmbedder(Network(RESNET_NETWORK.ensure(models_dir))).embed(chips)

    assert np.linalg.norm(embed(chips) - in_float32, axis=1).max() < 0.08


def test_chip_has_the_same_int8_embedding_alone_and_among_others(
    embed: Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]],
) -> None:
    generator = np.random.default_rng(5)
    chips = [generator.integers(0, 256, (150, 150, 3), dtype=np.uint8) for _ in range(18)]

    one_by_one = np.concatenate([embed([chip]) for chip in chips])

    assert np.abs(embed(chips) - one_by_one).max() < 1e-6


def test_all_convolutions_and_nothing_else_have_int8_weights(converted: onnx.ModelProto) -> None:
    weights = {node.output[0]: node.input[0] for node in converted.graph.node}
    types = {each.name: each.data_type for each in converted.graph.initializer}
    multiplied = [
        (node.op_type, types.get(weights.get(node.input[1], node.input[1])))
        for node in converted.graph.node
        if node.op_type in {"Conv", "MatMul"}
    ]

    int8, float32 = onnx.TensorProto.INT8, onnx.TensorProto.FLOAT
    assert multiplied == [("Conv", int8)] * 29 + [("MatMul", float32)]


def test_converted_network_keeps_to_the_rules_of_onnx(converted: onnx.ModelProto) -> None:
    onnx.checker.check_model(converted, full_check=True)


def test_two_products_never_overflow_16_bits(converted: onnx.ModelProto) -> None:
    """Processors without VNNI add two products of bytes in 16 bits, and saturate."""
    largest = max(
        int(np.abs(numpy_helper.to_array(each).astype(int)).max())
        for each in converted.graph.initializer
        if each.data_type == onnx.TensorProto.INT8 and each.dims
    )

    assert 0 < 2 * 255 * largest < 2**15


def test_two_conversions_give_the_same_bytes(resnet_dat: Path, converted: onnx.ModelProto) -> None:
    again = resnet_int8_from_dat(resnet_dat.read_bytes(), RESNET_RANGES.read_bytes())

    assert again == converted.SerializeToString()


def _without(name: str) -> bytes:
    ranges = json.loads(RESNET_RANGES.read_text())
    del ranges["ranges"][name]
    return json.dumps(ranges).encode()


@pytest.mark.parametrize(
    "ranges",
    [b"", b"[]", b"{}", b'{"ranges": {}}', b'{"ranges": {"value_3": [0]}}', _without("value_5")],
)
def test_ranges_that_cannot_be_used_are_a_clear_error(resnet_dat: Path, ranges: bytes) -> None:
    with pytest.raises(ModelCorrupt, match="ranges for int8 can't be used"):
        resnet_int8_from_dat(resnet_dat.read_bytes(), ranges)
