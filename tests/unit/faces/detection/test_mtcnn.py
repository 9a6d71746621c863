from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.detection.mtcnn import MtcnnDetector
from core.faces.models.converted_networks import MTCNN_NETWORKS
from core.faces.models.network import Network

_SMALL = "face-recognition-examples/images/examples/obama_small.jpg"


@pytest.fixture(scope="module")
def detector(models_dir: Path) -> MtcnnDetector:
    return MtcnnDetector([Network(each.ensure(models_dir)) for each in MTCNN_NETWORKS])


def _faces(detector: MtcnnDetector, image: NDArray[np.uint8]) -> list[tuple[float, float]]:
    found = detector.detect(image)
    return [face.box.middle for face in found if face.score >= detector.min_score]


def test_known_face_is_found_where_it_is_with_its_points(
    detector: MtcnnDetector, photo: Callable[[str], NDArray[np.uint8]]
) -> None:
    faces = [face for face in detector.detect(photo(_SMALL)) if face.score >= detector.min_score]

    (face,) = faces
    left, top, right, bottom = 112, 65, 216, 170  # as dlib's HOG detector draws it
    middle = ((left + right) / 2, (top + bottom) / 2)
    assert face.landmark_box.middle == pytest.approx(middle, abs=8)
    assert face.landmark_box.width == pytest.approx(right - left, rel=0.2)
    right_eye, left_eye, nose, right_mouth, left_mouth = face.points
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert face.score > detector.sure_score


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0])
def test_face_is_found_at_every_size(
    detector: MtcnnDetector, photo: Callable[[str], NDArray[np.uint8]], factor: float
) -> None:
    image = Image.fromarray(photo(_SMALL))
    size = round(image.width * factor), round(image.height * factor)

    (middle,) = _faces(detector, np.asarray(image.resize(size, Image.Resampling.LANCZOS)))

    assert middle == pytest.approx((164 * factor, 117 * factor), abs=12 * factor + 2)


def test_face_at_the_edge_is_found(
    detector: MtcnnDetector, photo: Callable[[str], NDArray[np.uint8]]
) -> None:
    (middle,) = _faces(detector, np.ascontiguousarray(photo(_SMALL)[:, 130:]))

    assert middle[0] == pytest.approx(164 - 130, abs=15)


def test_turned_face_has_a_lower_score(
    detector: MtcnnDetector, photo: Callable[[str], NDArray[np.uint8]]
) -> None:
    on_its_head = detector.detect(np.ascontiguousarray(photo(_SMALL)[::-1, ::-1]))

    assert max((face.score for face in on_its_head), default=0.0) < detector.upright_score


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (11, 11), (19, 300), (20, 20)])
def test_image_of_any_shape_is_answered(detector: MtcnnDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*shape, 3), dtype=np.uint8)) == []
