import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import ModelCorrupt
from core.faces.detection.yunet import YuNetDetector, decode, landmark_box
from core.faces.models.converted_networks import RESNET_NETWORK
from core.faces.models.network import Network
from tests.support.photos import ROOT

_WIDTH, _HEIGHT = 96, 64


def _outputs() -> dict[str, NDArray[np.float32]]:
    lengths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    return {
        f"{head}_{stride}": np.zeros(
            (1, (_WIDTH // stride) * (_HEIGHT // stride), length), dtype=np.float32
        )
        for stride in (8, 16, 32)
        for head, length in lengths.items()
    }


@given(
    stride=st.sampled_from([8, 16, 32]),
    cell=st.integers(0, 5),
    offset=st.tuples(st.floats(-1, 1, width=16), st.floats(-1, 1, width=16)),
    size=st.tuples(st.floats(4, 200), st.floats(4, 200)),
    points=st.lists(st.floats(-8, 8, width=16), min_size=10, max_size=10),
)
def test_decoder_recovers_what_was_encoded(
    stride: int,
    cell: int,
    offset: tuple[float, float],
    size: tuple[float, float],
    points: list[float],
) -> None:
    outputs = _outputs()
    outputs[f"cls_{stride}"][0, cell] = outputs[f"obj_{stride}"][0, cell] = 0.9
    outputs[f"bbox_{stride}"][0, cell] = [*offset, *np.log(np.array(size) / stride)]
    outputs[f"kps_{stride}"][0, cell] = points

    candidates = decode(outputs, width=_WIDTH, min_score=0.5)

    column, row = cell % (_WIDTH // stride), cell // (_WIDTH // stride)
    centre = (np.array([column, row]) + offset) * stride
    (left, top, right, bottom) = candidates.boxes[0]
    assert np.allclose([(left + right) / 2, (top + bottom) / 2], centre, atol=1e-3)
    assert np.allclose([right - left, bottom - top], size, rtol=1e-4)
    expected = (np.array(points).reshape(5, 2) + np.array([column, row])) * stride
    assert np.allclose(candidates.points[0], expected, atol=1e-3)
    assert np.allclose(candidates.scores, [0.9])


def test_score_is_the_geometric_mean_of_class_and_object() -> None:
    outputs = _outputs()
    outputs["cls_16"][0, 3], outputs["obj_16"][0, 3] = 0.4, 0.9

    assert np.allclose(decode(outputs, width=_WIDTH, min_score=0.5).scores, [0.6])
    assert decode(outputs, width=_WIDTH, min_score=0.61).scores.size == 0


def test_scores_outside_of_0_to_1_are_cut_off() -> None:
    outputs = _outputs()
    outputs["cls_8"][0, 0], outputs["obj_8"][0, 0] = 1.5, 2.0
    outputs["cls_8"][0, 1], outputs["obj_8"][0, 1] = -1.0, -1.0

    assert decode(outputs, width=_WIDTH, min_score=0.5).scores.tolist() == [1.0]


def test_candidates_are_those_of_the_page_which_a_test_holds_to_the_same_file() -> None:
    known = json.loads((ROOT / "page" / "test" / "yunet_outputs.json").read_text())
    outputs = {
        name: np.array(values, dtype=np.float32).reshape(1, -1, 4 if "bbox" in name else 1)
        for name, values in known["outputs"].items()
    }
    for stride in (8, 16, 32):
        cells = outputs[f"cls_{stride}"].shape[1]
        outputs[f"kps_{stride}"] = np.zeros((1, cells, 10), dtype=np.float32)

    found = decode(outputs, width=known["width"], min_score=known["min_score"])

    expected = known["candidates"]
    assert np.allclose(found.scores, [each["score"] for each in expected], atol=1e-5)
    assert np.allclose(found.boxes, [each["box"] for each in expected], atol=1e-3)


def test_landmark_box_grows_with_the_face_and_moves_with_it() -> None:
    points = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], dtype=np.float64)

    box, moved = landmark_box(points), landmark_box(points * 2 + 10)

    assert box.width == pytest.approx(2.41 * 40)
    assert moved.width == pytest.approx(2 * box.width)
    assert moved.left == pytest.approx(2 * box.left + 10)


def test_network_that_is_not_yunet_is_refused(models_dir: Path) -> None:
    with pytest.raises(ModelCorrupt, match="embeddings"):
        YuNetDetector(Network(RESNET_NETWORK.ensure(models_dir)), min_score=0.6)


def test_known_faces_are_found_where_they_are(
    yunet_file: Path, photo: Callable[[str], NDArray[np.uint8]]
) -> None:
    detector = YuNetDetector(Network(yunet_file), min_score=0.6)

    (face,) = detector.detect(photo("face-recognition-examples/images/examples/obama_small.jpg"))

    left, top, right, bottom = 112, 65, 216, 170  # as dlib's HOG detector draws it
    middle = ((left + right) / 2, (top + bottom) / 2)
    box = face.landmark_box
    assert ((box.left + box.right) / 2, (box.top + box.bottom) / 2) == pytest.approx(middle, abs=8)
    assert box.width == pytest.approx(right - left, rel=0.25)
    assert 0.9 < face.score <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (31, 33, 3), (64, 64, 3)])
def test_image_without_faces_has_none(yunet_file: Path, shape: tuple[int, int, int]) -> None:
    detector = YuNetDetector(Network(yunet_file), min_score=0.6)

    assert detector.detect(np.zeros(shape, dtype=np.uint8)) == []


def test_image_is_black_beyond_its_edges_up_to_whole_cells(yunet_file: Path) -> None:
    network, seen = Network(yunet_file), list[NDArray[np.float32]]()
    run = network.run

    def noting(values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        seen.append(values)
        return run(values)

    network.run = noting  # type: ignore[method-assign]
    detector = YuNetDetector(network, min_score=0.6)
    for _ in range(3):
        detector.detect(np.full((65, 40, 3), 255, dtype=np.uint8))

    for tensor in seen:
        assert tensor.shape == (1, 3, 96, 64)
        assert tensor[:, :, :65, :40].min() == 255
        assert tensor[:, :, 65:].max() == tensor[:, :, :, 40:].max() == 0
