"""Faces that are not upright, on real photographs."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.detection.detection import Detection
from core.faces.detection.yunet import YuNetDetector
from core.faces.engines.builtin import FaceEngine, Recognition
from core.faces.geometry import half_turn_range, moved, turned

_EXAMPLES = "face-recognition-examples/images/examples"
_ROLLS = (45, 60, 90, 120, 180, 225, 270)


@pytest.fixture(scope="module")
def engine(models_with_yunet: Path) -> FaceEngine:
    return FaceEngine.load(profile="fast", models_dir=models_with_yunet, max_pixels=10_000_000)


@pytest.fixture(scope="module")
def engine_without_yunet(models_dir: Path) -> FaceEngine:
    return FaceEngine.load(profile="fast", models_dir=models_dir, max_pixels=10_000_000)


@pytest.fixture(scope="module")
def portrait(shared_data: Path) -> Image.Image:
    return Image.open(shared_data / _EXAMPLES / "obama-480p.jpg").convert("RGB")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Collect the sizes that the detector looks at."""
    sizes: list[tuple[int, int]] = []
    detect = YuNetDetector.detect

    def noting(self: YuNetDetector, image: NDArray[np.uint8]) -> list[Detection]:
        sizes.append(image.shape[:2])
        return detect(self, image)

    monkeypatch.setattr(YuNetDetector, "detect", noting)
    return sizes


def _content(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _turned(image: Image.Image, roll: float) -> Image.Image:
    return image.rotate(-roll, Image.Resampling.BICUBIC, expand=True)


def _recognised(engine: FaceEngine, image: Image.Image) -> Recognition:
    return engine.recognise(_content(image))


@pytest.mark.parametrize("roll", _ROLLS)
def test_turned_face_has_the_embedding_of_the_upright_one(
    engine: FaceEngine, portrait: Image.Image, roll: int
) -> None:
    (upright,) = _recognised(engine, portrait).faces

    (face,) = _recognised(engine, _turned(portrait, roll)).faces

    assert np.linalg.norm(face.embedding - upright.embedding) < 0.25
    assert abs(half_turn_range(face.roll - upright.roll - roll)) < 5


@pytest.mark.parametrize("roll", _ROLLS)
def test_box_and_landmarks_lie_where_the_turned_photo_shows_the_face(
    engine: FaceEngine, portrait: Image.Image, roll: int
) -> None:
    before, after = _recognised(engine, portrait), _recognised(engine, _turned(portrait, roll))

    def expected(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point[0] - before.width / 2, point[1] - before.height / 2
        return moved(turned((x, y), roll), (after.width / 2, after.height / 2))

    upright, face = before.faces[0], after.faces[0]
    for name, point in upright.landmarks.items():
        assert face.landmarks[name] == pytest.approx(expected(point), abs=upright.box.width / 20)
    assert face.box.middle == pytest.approx(
        expected(upright.box.middle), abs=upright.box.width / 10
    )


@pytest.mark.parametrize("roll", _ROLLS)
def test_turned_face_is_found_without_yunet_too(
    engine_without_yunet: FaceEngine, portrait: Image.Image, roll: int
) -> None:
    (upright,) = _recognised(engine_without_yunet, portrait).faces

    (face,) = _recognised(engine_without_yunet, _turned(portrait, roll)).faces

    assert np.linalg.norm(face.embedding - upright.embedding) < 0.3
    assert abs(half_turn_range(face.roll - upright.roll - roll)) < 8


def test_each_face_of_a_collage_is_turned_by_itself(
    engine: FaceEngine, portrait: Image.Image
) -> None:
    tile = portrait.resize((320, 180))
    collage = Image.new("RGB", (640, 640))
    for number, roll in enumerate((0, 90, 180, 270)):
        collage.paste(_turned(tile, roll), (320 * (number % 2), 320 * (number // 2)))

    faces = _recognised(engine, collage).faces

    (upright,) = _recognised(engine, tile).faces
    assert len(faces) == 4
    assert all(np.linalg.norm(face.embedding - upright.embedding) < 0.3 for face in faces)


def test_group_photo_has_the_same_faces_upside_down(engine: FaceEngine, shared_data: Path) -> None:
    group = Image.open(shared_data / "group-half/images/linzaer_02.jpg").convert("RGB")
    before = _recognised(engine, group).faces

    after = _recognised(engine, _turned(group, 180)).faces

    assert len(after) == len(before)
    for face in after:
        assert min(np.linalg.norm(face.embedding - known.embedding) for known in before) < 0.3


def test_sure_upright_face_is_looked_at_once(
    engine: FaceEngine, portrait: Image.Image, looks: list[tuple[int, int]]
) -> None:
    _recognised(engine, portrait)

    assert len(looks) == 1
