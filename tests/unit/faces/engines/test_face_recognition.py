import io
import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from core.errors import ModelMissing
from core.faces.engines import face_recognition as engine_module
from core.faces.engines.face_recognition import FaceRecognitionEngine
from core.faces.recognition.embedding import DLIB_RESNET

if find_spec("face_recognition") is None:
    pytest.skip("the package face_recognition is not installed", allow_module_level=True)

_EXAMPLES = "face-recognition-examples/images/examples"
_MAX_PIXELS = 10_000_000


@pytest.fixture(scope="module")
def engine() -> FaceRecognitionEngine:
    return FaceRecognitionEngine.load(max_pixels=_MAX_PIXELS)


@pytest.fixture(scope="module")
def package(engine: FaceRecognitionEngine) -> Any:
    """Return the package, which the engine has imported: itself, it would accept damaged photos."""
    return sys.modules["face_recognition"]


@pytest.mark.parametrize("name", ["obama.jpg", "two_people.jpg", "obama_small.jpg"])
def test_boxes_and_embeddings_are_those_of_the_package_alone(
    engine: FaceRecognitionEngine, package: Any, shared_data: Path, name: str
) -> None:
    photo = (shared_data / _EXAMPLES / name).read_bytes()
    pixels = package.load_image_file(io.BytesIO(photo))
    places = package.face_locations(pixels)
    encodings = package.face_encodings(pixels, places)

    faces = engine.recognise(photo).faces

    found = {
        (face.box.top, face.box.right, face.box.bottom, face.box.left): face.embedding
        for face in faces
    }
    assert set(found) == set(places)
    for place, encoding in zip(places, encodings, strict=True):
        np.testing.assert_array_equal(found[place], encoding.astype(np.float32))


def test_face_at_the_edge_is_cut_as_the_package_cuts_it(
    engine: FaceRecognitionEngine, package: Any, shared_data: Path
) -> None:
    buffer = io.BytesIO()
    with Image.open(shared_data / _EXAMPLES / "obama.jpg") as image:
        image.crop((360, 160, 700, 480)).save(buffer, "PNG")
    pixels = package.load_image_file(buffer)
    places = package.face_locations(pixels)

    faces = engine.recognise(buffer.getvalue()).faces

    assert len(places) == 1
    (encoding,) = package.face_encodings(pixels, places)
    np.testing.assert_array_equal(faces[0].embedding, encoding.astype(np.float32))


def test_embeddings_are_of_dlibs_model(engine: FaceRecognitionEngine, shared_data: Path) -> None:
    photo = (shared_data / _EXAMPLES / "obama_small.jpg").read_bytes()

    assert engine.recognise(photo).model == DLIB_RESNET


def test_bounded_photo_is_reduced_and_boxes_stay_in_its_pixels(
    engine: FaceRecognitionEngine, shared_data: Path
) -> None:
    photo = (shared_data / _EXAMPLES / "obama.jpg").read_bytes()
    bounded = FaceRecognitionEngine.load(max_pixels=_MAX_PIXELS, detection_max_side_px=400)

    (face,), (whole,) = bounded.recognise(photo).faces, engine.recognise(photo).faces

    assert face.box.middle == pytest.approx(whole.box.middle, abs=25)
    assert face.landmarks["nose"] == pytest.approx(whole.landmarks["nose"], abs=8)
    assert 0 < np.linalg.norm(face.embedding - whole.embedding) < 0.4


def test_start_names_the_licence_of_the_68_point_model(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        FaceRecognitionEngine.load(max_pixels=1)

    (record,) = caplog.records
    assert vars(record)["model_file"] == "shape_predictor_68_face_landmarks.dat"
    assert "iBUG 300-W, exclude commercial use" in vars(record)["licence"]


def test_photos_that_are_cut_off_are_refused_as_before(engine: FaceRecognitionEngine) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_missing_package_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "face_recognition", None)

    with pytest.raises(ModelMissing, match="needs the package face_recognition"):
        FaceRecognitionEngine.load(max_pixels=1)


def test_missing_68_point_model_does_not_end_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "LANDMARKS_68", "absent.dat")

    with pytest.raises(ModelMissing, match=r"absent\.dat"):
        FaceRecognitionEngine.load(max_pixels=1)
