from pathlib import Path

import dlib
import numpy as np
import pytest
from PIL import Image

from core.faces.detection.mmod import MmodDetector
from core.faces.detection.suppression import intersection_over_union
from core.faces.models.converted_networks import MMOD_NETWORK
from core.faces.models.model_files import MMOD, model_file
from core.faces.models.network import Network

# dlib needs seconds for one of these; that is why they are reduced.
_PHOTOS = (
    ("examples/obama.jpg", 320),
    ("examples/two_people.jpg", 480),
    ("examples/obama_small.jpg", 320),
    ("examples/biden.jpg", 480),
    ("tests/test_images/obama_partial_face.jpg", 400),
    ("tests/test_images/obama_partial_face2.jpg", 480),
    ("examples/knn_examples/test/obama_and_biden.jpg", 700),
)


@pytest.fixture(scope="module")
def detector(models_dir: Path) -> MmodDetector:
    return MmodDetector(Network(MMOD_NETWORK.ensure(models_dir)))


@pytest.fixture(scope="module")
def reference() -> dlib.cnn_face_detection_model_v1:
    return dlib.cnn_face_detection_model_v1(str(model_file(MMOD)))


@pytest.mark.parametrize(("name", "side_px"), _PHOTOS)
def test_faces_and_scores_are_those_of_dlib(
    detector: MmodDetector,
    reference: dlib.cnn_face_detection_model_v1,
    shared_data: Path,
    name: str,
    side_px: int,
) -> None:
    with Image.open(shared_data / "face-recognition-examples/images" / name) as stored:
        reduced = stored.convert("RGB")
    reduced.thumbnail((side_px, side_px))
    image = np.asarray(reduced)

    found = detector.detect(image)

    expected = reference(image, 0)
    assert len(found) == len(expected)
    for ours, dlibs in zip(found, expected, strict=True):
        rectangle = dlibs.rect
        corners = (
            rectangle.left(),
            rectangle.top(),
            rectangle.right() + 1,
            rectangle.bottom() + 1,
        )
        box = np.array([[ours.box.left, ours.box.top, ours.box.right, ours.box.bottom]])
        assert intersection_over_union(np.array(corners, dtype=np.float64), box) >= 0.9
        assert abs(ours.score - dlibs.confidence) < 0.01


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 200, 3), (200, 4, 3), (64, 64, 3)])
def test_image_without_room_for_a_face_has_none(
    detector: MmodDetector, shape: tuple[int, int, int]
) -> None:
    assert detector.detect(np.zeros(shape, dtype=np.uint8)) == []
