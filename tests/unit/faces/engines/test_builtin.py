import io
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ModelCorrupt, ModelMissing, TooManyPixels
from core.faces.engines.builtin import FaceEngine, Recognition
from core.faces.engines.profiles import PROFILES
from core.faces.geometry import Box
from core.faces.models.model_files import YUNET
from core.faces.recognition.embedding import (
    DLIB_RESNET,
    DLIB_RESNET_INT8_MIRRORED,
    DLIB_RESNET_MIRRORED,
)

_EXAMPLES = "face-recognition-examples/images/examples"
_MAX_PIXELS = 50_000_000
_MODELS = {
    "balanced": DLIB_RESNET_INT8_MIRRORED,
    "fast": DLIB_RESNET,
    "accurate": DLIB_RESNET_MIRRORED,
    "dlib": DLIB_RESNET,
}

_PRINT_FIRST_EMBEDDING = """
import pathlib, sys
from core.faces.engines.builtin import FaceEngine
models_dir, photo = map(pathlib.Path, sys.argv[1:])
engine = FaceEngine.load(models_dir=models_dir, max_pixels=50_000_000)
print(engine.recognise(photo.read_bytes()).faces[0].embedding.tobytes().hex())
"""


@pytest.fixture(scope="module")
def engine(models_with_yunet: Path) -> FaceEngine:
    return FaceEngine.load(models_dir=models_with_yunet, max_pixels=_MAX_PIXELS)


def _recognised(engine: FaceEngine, photo: Path) -> Recognition:
    return engine.recognise(photo.read_bytes())


def _distance(one: Recognition, other: Recognition) -> float:
    return float(np.linalg.norm(one.faces[0].embedding - other.faces[0].embedding))


def test_one_person_is_nearer_to_itself_than_to_another(
    engine: FaceEngine, shared_data: Path
) -> None:
    obama, same, other = (
        _recognised(engine, shared_data / _EXAMPLES / name)
        for name in ("obama.jpg", "obama2.jpg", "biden.jpg")
    )

    assert _distance(obama, same) < 0.6 < _distance(obama, other)


@pytest.mark.parametrize("name", ["couple", "group14", "lfw_Aaron_Peirsol_0001"])
def test_every_exif_orientation_gives_the_same_faces(
    engine: FaceEngine, shared_data: Path, name: str
) -> None:
    folder = shared_data / "exif-orientation/face-derived"
    upright = _recognised(engine, folder / f"{name}_orient1.jpg")

    for orientation in range(2, 9):
        turned = _recognised(engine, folder / f"{name}_orient{orientation}.jpg")

        assert (turned.width, turned.height) == (upright.width, upright.height)
        assert len(turned.faces) == len(upright.faces)
        for face in turned.faces:
            # Compression differs a little, and with it the order of equally large faces.
            assert (
                min(
                    float(np.linalg.norm(face.embedding - known.embedding))
                    for known in upright.faces
                )
                < 0.3
            )


def test_boxes_and_landmarks_are_in_pixels_of_the_photo(
    engine: FaceEngine, shared_data: Path
) -> None:
    large, small = (
        _recognised(engine, shared_data / _EXAMPLES / f"obama-{name}.jpg")
        for name in ("1080p", "480p")
    )

    ratio = large.width / small.width
    assert large.faces[0].box.left / small.faces[0].box.left == pytest.approx(ratio, rel=0.05)
    for name, (x, y) in large.faces[0].landmarks.items():
        assert (x / ratio, y / ratio) == pytest.approx(small.faces[0].landmarks[name], abs=6)
        assert large.faces[0].box.left < x < large.faces[0].box.right


@pytest.mark.parametrize("shown", [1.0, 0.9])
def test_close_up_shows_one_face_that_is_named(
    engine: FaceEngine, shared_data: Path, shown: float
) -> None:
    photo = shared_data / _EXAMPLES / "obama.jpg"
    whole = _recognised(engine, photo)
    box = whole.faces[0].box
    around = Box.around(box.middle, box.width * shown, box.height * shown)
    part = (int(around.left), int(around.top), int(around.right), int(around.bottom))
    close_up = io.BytesIO()
    Image.open(photo).crop(part).resize((608, 752)).save(close_up, format="PNG")

    found = engine.recognise(close_up.getvalue())

    assert len(found.faces) == 1
    assert _distance(found, whole) < 0.5


def test_faces_come_largest_first_with_quality(engine: FaceEngine, shared_data: Path) -> None:
    faces = _recognised(engine, shared_data / "group-half/images/linzaer_02.jpg").faces

    assert len(faces) == 4
    areas = [face.box.area for face in faces]
    assert areas == sorted(areas, reverse=True)
    assert all(50 <= face.quality <= 100 and face.flaws == () for face in faces)


def test_two_processes_give_the_same_embedding_to_the_last_bit(
    models_with_yunet: Path, shared_data: Path
) -> None:
    photo = shared_data / _EXAMPLES / "obama_small.jpg"
    command = [sys.executable, "-c", _PRINT_FIRST_EMBEDDING, str(models_with_yunet), str(photo)]

    one, other = (subprocess.check_output(command) for _ in range(2))

    assert one == other
    assert len(one.strip()) == 128 * 4 * 2


def test_without_yunet_mtcnn_finds_the_same_face_and_the_log_says_so_once(
    models_dir: Path, engine: FaceEngine, shared_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photo = shared_data / _EXAMPLES / "obama.jpg"

    with caplog.at_level(logging.WARNING):
        fallback = FaceEngine.load(models_dir=models_dir, max_pixels=_MAX_PIXELS)
        found = [_recognised(fallback, photo) for _ in range(2)]

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "YuNet was not found" in caplog.text
    assert _distance(found[0], _recognised(engine, photo)) < 0.3


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_finds_the_face_and_names_its_model(
    models_with_yunet: Path, shared_data: Path, profile: str
) -> None:
    engine = FaceEngine.load(profile=profile, models_dir=models_with_yunet, max_pixels=_MAX_PIXELS)

    recognition = _recognised(engine, shared_data / _EXAMPLES / "obama.jpg")

    assert len(recognition.faces) == 1
    assert recognition.model == _MODELS[profile]


def test_nothing_is_in_int8_where_a_gpu_is_asked_for(
    models_with_yunet: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    engine = FaceEngine.load(models_dir=models_with_yunet, max_pixels=_MAX_PIXELS, cuda=True)

    recognition = _recognised(engine, shared_data / _EXAMPLES / "obama.jpg")

    assert recognition.model == DLIB_RESNET_MIRRORED


def test_fast_profile_and_dlib_agree_on_a_face(models_with_yunet: Path, shared_data: Path) -> None:
    photo = shared_data / _EXAMPLES / "obama.jpg"
    found = [
        _recognised(
            FaceEngine.load(profile=name, models_dir=models_with_yunet, max_pixels=_MAX_PIXELS),
            photo,
        )
        for name in ("fast", "dlib")
    ]

    assert _distance(*found) < 0.25


def test_photo_without_faces_has_none(engine: FaceEngine, shared_data: Path) -> None:
    recognition = _recognised(engine, shared_data / "no-face-half/images/exif_nikon-e950.jpg")

    assert recognition.faces == ()
    assert (recognition.width, recognition.height) == (800, 600)


def test_unknown_profile_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"'best'; there are balanced, fast, accurate, dlib"):
        FaceEngine.load(profile="best", models_dir=tmp_path, max_pixels=1)


def test_damaged_yunet_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / YUNET).write_bytes(b"cut off")

    with pytest.raises(ModelCorrupt, match=r"yunet_n_dynamic\.onnx is damaged"):
        FaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_photo_over_the_limit_is_refused(models_with_yunet: Path, shared_data: Path) -> None:
    engine = FaceEngine.load(models_dir=models_with_yunet, max_pixels=100)

    with pytest.raises(TooManyPixels):
        _recognised(engine, shared_data / _EXAMPLES / "obama_small.jpg")
