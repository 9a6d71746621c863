"""What every engine does with a photo, whatever finds and embeds its faces."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import InvalidImage, TooManyPixels
from core.faces.engines.factory import load_engine
from core.faces.models.model_files import YUNET
from core.faces.results import NO_EMBEDDING, Needed, Recognition
from tests.support.insight_networks import scene, write_detector, write_network, write_recogniser
from tests.support.models import models_dir
from tests.support.photos import SHARED

_TWO_PEOPLE = SHARED / "face-recognition-examples/images/examples/two_people.jpg"
_BACKWARDS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An engine, how to load it again with other options, and a photo of two people."""

    load: Callable[..., Any]
    engine: Any
    photo: Image.Image

    def recognise(self, image: Image.Image, **options: Any) -> Recognition:
        answer: Recognition = self.engine.recognise(_encoded(image, **options))
        return answer


@pytest.fixture(
    scope="module",
    params=["balanced", "mtcnn", "dlib", "onnx", "insightface", "face_recognition"],
)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    options: dict[str, Any] = {
        "name": "balanced" if name == "mtcnn" else name,
        "models_dir": _models(name, folder),
        "insightface_models_dir": None,
        "embedder": None,
        "detection_max_side_px": None,
        "cuda": False,
    }
    usual = {"max_pixels": 10_000_000, "min_face_px": 16, "max_faces": 100}
    if name == "insightface":
        pytest.importorskip("insightface.app", exc_type=ImportError)
        write_detector(folder / "detector.onnx")
        write_recogniser(folder / "recogniser.onnx", width=64)
        options["insightface_models_dir"] = folder
        photo = Image.fromarray(scene())
    else:
        if name == "face_recognition" and find_spec(name) is None:
            pytest.skip(f"the package {name} is not installed")
        if not _TWO_PEOPLE.is_file():
            pytest.skip(f"no {_TWO_PEOPLE}")
        photo = _two_people()
    if name == "onnx":
        options["embedder"] = write_network(folder)

    def load(**changes: Any) -> Any:
        return load_engine(**(options | usual | changes))

    return Subject(load=load, engine=load(), photo=photo)


def _models(name: str, folder: Path) -> Path:
    """Return a folder of models: all, those without YuNet for MTCNN, or YuNet alone."""
    if name not in ("mtcnn", "onnx"):
        return models_dir()
    if name == "onnx" and not (models_dir() / YUNET).is_file():
        pytest.skip("no YuNet")
    for file in models_dir().iterdir():
        if (file.name == YUNET) == (name == "onnx"):
            (folder / file.name).symlink_to(file.resolve())
    return folder


def _two_people() -> Image.Image:
    """Return a photo of two people, one clearly larger; no size is lost when it is reduced."""
    photo = Image.new("RGB", (960, 480))
    with Image.open(_TWO_PEOPLE) as image:
        photo.paste(image.crop((100, 0, 580, 480)))
        photo.paste(image.crop((640, 0, 1120, 480)).resize((288, 288)), (576, 96))
    return photo


@pytest.fixture(scope="module")
def upright(subject: Subject) -> Recognition:
    return subject.recognise(subject.photo)


def _encoded(image: Image.Image, name: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _embeddings(recognition: Recognition) -> list[NDArray[np.float32]]:
    return [face.embedding for face in recognition.faces]


def test_faces_are_described_largest_first(subject: Subject, upright: Recognition) -> None:
    large, small = upright.faces

    assert (upright.width, upright.height) == subject.photo.size
    assert upright.left_out_faces == 0
    assert large.box.area > small.box.area
    for face in upright.faces:
        assert 0 <= face.box.left < face.box.right <= upright.width
        assert 0 <= face.box.top < face.box.bottom <= upright.height
        assert set(face.landmarks) == {"left_eye", "right_eye", "nose"}
        for point in face.landmarks.values():
            assert face.box.grown(0.2).holds(point)
        assert face.landmarks["left_eye"][0] > face.landmarks["right_eye"][0]
        assert abs(face.roll) < 15
        assert 0 <= face.quality <= 100


def test_embeddings_are_of_one_width_and_differ(upright: Recognition) -> None:
    one, other = _embeddings(upright)

    assert one.dtype == other.dtype == np.float32
    assert one.shape == other.shape
    assert np.linalg.norm(one - other) > 0.05


def test_same_photo_gives_the_same_embeddings_after_a_new_start(
    subject: Subject, upright: Recognition
) -> None:
    again = subject.load().recognise(_encoded(subject.photo))

    assert again.model == upright.model
    np.testing.assert_allclose(_embeddings(again), _embeddings(upright), atol=1e-6)


@pytest.mark.parametrize("orientation", _BACKWARDS)
def test_every_exif_orientation_gives_the_same_faces(
    subject: Subject, upright: Recognition, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    turned = subject.recognise(subject.photo.transpose(_BACKWARDS[orientation]), exif=exif)

    assert (turned.width, turned.height) == subject.photo.size
    assert len(turned.faces) == len(upright.faces)
    for face, expected in zip(turned.faces, upright.faces, strict=True):
        assert face.box.middle == pytest.approx(expected.box.middle, abs=1)
        assert np.linalg.norm(face.embedding - expected.embedding) < 0.05


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("P", "PNG"), ("CMYK", "JPEG")])
def test_photo_stored_in_other_colours_shows_the_same_faces(
    subject: Subject, upright: Recognition, mode: str, kind: str
) -> None:
    found = subject.recognise(subject.photo.convert(mode), name=kind)

    assert len(found.faces) == len(upright.faces)


def test_only_what_is_needed_is_embedded(subject: Subject) -> None:
    photo = _encoded(subject.photo)

    described = subject.engine.recognise(photo, NO_EMBEDDING)
    largest = subject.engine.recognise(photo, Needed(embedded=1))

    assert [embedding.size for embedding in _embeddings(described)] == [0, 0]
    sizes = [embedding.size for embedding in _embeddings(largest)]
    assert sizes[0] > sizes[1] == 0


def test_more_faces_than_allowed_are_counted(subject: Subject) -> None:
    found = subject.load(max_faces=1).recognise(_encoded(subject.photo))

    assert (len(found.faces), found.left_out_faces) == (1, 1)


def test_faces_smaller_than_asked_for_are_left_out(subject: Subject, upright: Recognition) -> None:
    large, small = upright.faces
    bound = int(max(small.box.width, small.box.height)) + 2

    found = subject.load(min_face_px=bound).recognise(_encoded(subject.photo))

    (face,) = found.faces
    assert face.box.middle == pytest.approx(large.box.middle, abs=1)
    assert found.left_out_faces == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 500), (5000, 40)])
def test_photo_of_any_shape_is_answered(subject: Subject, size: tuple[int, int]) -> None:
    recognition = subject.recognise(Image.new("RGB", size))

    assert (recognition.width, recognition.height) == size
    assert recognition.faces == ()


def test_damaged_cut_off_and_oversized_photos_are_refused(subject: Subject) -> None:
    photo = _encoded(subject.photo, "JPEG")

    with pytest.raises(InvalidImage):
        subject.engine.recognise(b"\xff\xd8\xff")
    with pytest.raises(InvalidImage):
        subject.engine.recognise(photo[: len(photo) // 2])
    with pytest.raises(TooManyPixels):
        subject.load(max_pixels=100).recognise(photo)
