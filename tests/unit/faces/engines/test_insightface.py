import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import ModelCorrupt, ModelMissing
from core.faces.engines.insight import InsightFaceEngine
from core.faces.geometry import Box
from tests.support.insight_networks import scene, write_detector, write_recogniser, write_swapper

# The package's OpenCV needs libGL and GLib of the system, which a bare machine lacks.
app = pytest.importorskip("insightface.app", exc_type=ImportError)

_MAX_PIXELS = 10_000_000


@pytest.fixture(scope="module", params=[64, 512])
def width(request: pytest.FixtureRequest) -> int:
    """Return how long the embeddings are."""
    return int(request.param)


@pytest.fixture(scope="module")
def folder(width: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a detector and a recogniser."""
    folder = tmp_path_factory.mktemp(f"insightface-{width}")
    write_detector(folder / "det.onnx")
    write_recogniser(folder / "rec.onnx", width=width)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> InsightFaceEngine:
    return InsightFaceEngine.load(models_dir=folder, max_pixels=_MAX_PIXELS)


def _encoded(pixels: NDArray[np.uint8] | Image.Image, name: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def test_faces_are_found_where_the_detector_sees_them_largest_first(
    engine: InsightFaceEngine,
) -> None:
    recognition = engine.recognise(_encoded(scene()))

    assert (recognition.width, recognition.height) == (640, 480)
    large, small = recognition.faces
    assert _corners(large.box) == pytest.approx((288, 128, 384, 224))
    assert _corners(small.box) == pytest.approx((464, 304, 512, 352))
    assert large.landmarks["right_eye"] == pytest.approx((313.6, 163.2), abs=0.01)
    assert large.landmarks["left_eye"] == pytest.approx((358.4, 163.2), abs=0.01)
    assert large.landmarks["nose"] == pytest.approx((336, 182.4), abs=0.01)
    assert 0.9 < large.detection_score <= 1
    assert 0 <= large.quality <= 100


def test_embeddings_have_the_recognisers_width_and_length_one(
    engine: InsightFaceEngine, width: int
) -> None:
    for face in engine.recognise(_encoded(scene())).faces:
        assert face.embedding.shape == (width,)
        assert face.embedding.dtype == np.float32
        assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*estimate.*:FutureWarning")
def test_embeddings_are_those_of_the_package_alone(folder: Path, engine: InsightFaceEngine) -> None:
    package = app.FaceAnalysis(name=str(folder), providers=["CPUExecutionProvider"])
    package.prepare(ctx_id=0)
    expected = package.get(np.ascontiguousarray(scene()[:, :, ::-1]))

    faces = engine.recognise(_encoded(scene())).faces

    assert len(faces) == len(expected) == 2
    for face in faces:
        distances = [np.linalg.norm(face.embedding - known.normed_embedding) for known in expected]
        assert min(distances) < 0.01 < max(distances)


def test_boxes_are_in_pixels_of_a_photo_larger_than_the_networks_input(
    engine: InsightFaceEngine,
) -> None:
    large = Image.fromarray(scene()).resize((2560, 1920), Image.Resampling.NEAREST)

    face = engine.recognise(_encoded(large, "JPEG", quality=95)).faces[0]

    assert _corners(face.box) == pytest.approx((1152, 512, 1536, 896))
    assert face.landmarks["nose"] == pytest.approx((1344, 729.6), abs=0.1)


def test_faces_smaller_than_asked_for_are_left_out(folder: Path) -> None:
    engine = InsightFaceEngine.load(models_dir=folder, max_pixels=_MAX_PIXELS, min_face_px=49)

    assert len(engine.recognise(_encoded(scene())).faces) == 1


def test_model_is_named_after_the_content_of_the_recogniser(folder: Path) -> None:
    engine = InsightFaceEngine.load(models_dir=folder, max_pixels=_MAX_PIXELS)
    digest = hashlib.sha256((folder / "rec.onnx").read_bytes()).hexdigest()

    model = engine.recognise(_encoded(scene())).model

    assert (model.name, model.version) == ("insightface", digest[:12])


def test_two_recognisers_of_one_width_are_two_models(tmp_path: Path) -> None:
    models = []
    for seed in range(2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        write_detector(folder / "det.onnx")
        write_recogniser(folder / "rec.onnx", width=64, seed=seed)
        engine = InsightFaceEngine.load(models_dir=folder, max_pixels=_MAX_PIXELS)
        models.append(engine.recognise(_encoded(scene())).model)

    assert models[0] != models[1]


def test_networks_run_on_one_thread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    prepare = app.FaceAnalysis.prepare

    def prepare_and_record(self: Any, *args: Any, **options: Any) -> None:
        asked.extend(model.session.get_session_options() for model in self.models.values())
        prepare(self, *args, **options)

    monkeypatch.setattr(app.FaceAnalysis, "prepare", prepare_and_record)
    InsightFaceEngine.load(models_dir=folder, max_pixels=_MAX_PIXELS)

    assert [(options.intra_op_num_threads, options.inter_op_num_threads) for options in asked] == [
        (1, 1),
        (1, 1),
    ]


def test_what_the_package_prints_does_not_reach_stdout(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_detector(tmp_path / "det.onnx")
    write_recogniser(tmp_path / "rec.onnx", width=64)
    write_swapper(tmp_path / "swap.onnx")

    with pytest.raises(ModelCorrupt, match="INSwapper"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=_MAX_PIXELS)

    captured = capfd.readouterr()
    assert "inswapper-shape" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("name", ["", "absent"])
def test_folder_without_networks_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelMissing, match=r"no networks in .*SCRFD.*ArcFace.*nothing is download"):
        InsightFaceEngine.load(models_dir=tmp_path / name, max_pixels=1)


def test_folder_without_a_detector_is_a_clear_error(tmp_path: Path) -> None:
    write_recogniser(tmp_path / "rec.onnx", width=64)

    with pytest.raises(ModelMissing, match="no usable detector"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_folder_without_a_recogniser_is_a_clear_error(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx")

    with pytest.raises(ModelMissing, match="no recogniser"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_detector_without_landmarks_is_a_clear_error(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx", landmarks=False)
    write_recogniser(tmp_path / "rec.onnx", width=64)

    with pytest.raises(ModelCorrupt, match="gives no landmarks"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_damaged_network_is_a_clear_error(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx")
    (tmp_path / "rec.onnx").write_bytes(b"cut off")

    with pytest.raises(ModelCorrupt, match="can't be loaded"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_network_that_can_not_be_run_is_found_when_it_is_loaded(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx")
    write_recogniser(tmp_path / "rec.onnx", width=64, channels=1)

    with pytest.raises(ModelCorrupt, match="can't be run"):
        InsightFaceEngine.load(models_dir=tmp_path, max_pixels=1)


def test_missing_extra_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "insightface.app", None)

    with pytest.raises(ModelMissing, match="needs the extra 'insightface'"):
        InsightFaceEngine.load(models_dir=folder, max_pixels=1)
