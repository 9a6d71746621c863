import io
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import ModelCorrupt, ModelMissing
from core.faces.engines.builtin import FaceEngine
from core.faces.engines.described import DescribedEmbedder, DescribedEngine
from core.faces.models.embedder_description import EmbedderDescription
from core.faces.models.model_files import YUNET
from tests.support.insight_networks import OWN_FILE, describe, write_network, write_recogniser

_EXAMPLES = "face-recognition-examples/images/examples"
_MAX_PIXELS = 10_000_000


@pytest.fixture
def folder(tmp_path: Path, yunet_file: Path) -> Path:
    """Return a folder with YuNet."""
    shutil.copy(yunet_file, tmp_path / YUNET)
    return tmp_path


def _engine(described: EmbedderDescription, folder: Path) -> DescribedEngine:
    return DescribedEngine.load(described=described, models_dir=folder, max_pixels=_MAX_PIXELS)


def _embedding(described: EmbedderDescription, folder: Path, photo: bytes) -> Any:
    return _engine(described, folder).recognise(photo).faces[0].embedding


@pytest.fixture(scope="module")
def obama(shared_data: Path) -> bytes:
    return (shared_data / _EXAMPLES / "obama.jpg").read_bytes()


@pytest.mark.parametrize(("width", "batch"), [(128, 1), (128, "count"), (512, "count")])
def test_embeddings_have_the_networks_width_and_length_one(
    folder: Path, shared_data: Path, width: int, batch: str | int
) -> None:
    described = write_network(folder, width=width, batch=batch)
    photo = (shared_data / _EXAMPLES / "two_people.jpg").read_bytes()

    faces = _engine(described, folder).recognise(photo).faces

    assert len(faces) == 2
    for face in faces:
        assert face.embedding.shape == (width,)
        assert face.embedding.dtype == np.float32
        assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(faces[0].embedding - faces[1].embedding) > 0.05


def test_faces_are_found_and_judged_as_by_our_own_engine(
    folder: Path, obama: bytes, models_with_yunet: Path
) -> None:
    own = FaceEngine.load(models_dir=models_with_yunet, max_pixels=_MAX_PIXELS)

    (face,) = _engine(write_network(folder), folder).recognise(obama).faces

    (expected,) = own.recognise(obama).faces
    assert (face.box, face.landmarks, face.roll) == (
        expected.box,
        expected.landmarks,
        expected.roll,
    )
    assert (face.quality, face.flaws) == (expected.quality, expected.flaws)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_photo_gives_nearly_the_same_embedding(
    folder: Path, obama: bytes, turn: int
) -> None:
    engine = _engine(write_network(folder), folder)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(obama)) as image:
        image.rotate(turn, expand=True).save(buffer, "PNG")

    (turned,) = engine.recognise(buffer.getvalue()).faces

    (upright,) = engine.recognise(obama).faces
    assert np.linalg.norm(turned.embedding - upright.embedding) < 0.1


def test_network_sees_colours_and_range_as_described(folder: Path, obama: bytes) -> None:
    described = write_network(folder)
    usual = _embedding(described, folder, obama)

    def moves_by(**changes: Any) -> float:
        other = _embedding(describe(folder, **changes), folder, obama)
        return float(np.linalg.norm(other - usual))

    assert moves_by(colours="BGR") > 0.01
    assert moves_by(range=(-1.0, 1.0)) > 0.01
    assert moves_by(range=(0.0, 127.5)) < 1e-5  # the length is always 1


def test_embedder_of_a_fixed_batch_equals_one_of_any(folder: Path) -> None:
    chips = list(np.random.default_rng(3).integers(0, 256, (18, 112, 112, 3), dtype=np.uint8))
    together = DescribedEmbedder(write_network(folder), folder).embed(chips)
    alone = DescribedEmbedder(write_network(folder, batch=1), folder).embed(chips)

    assert np.abs(together - alone).max() < 1e-6


def test_model_is_named_as_described_and_another_file_is_another_model(folder: Path) -> None:
    models = [
        DescribedEmbedder(write_network(folder, seed=seed), folder).model for seed in (0, 1, 0)
    ]

    assert models[0] == models[2] != models[1]
    assert models[0].name == "own"


def test_start_names_licence_and_training_data(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        _engine(write_network(folder), folder)

    (record,) = (each for each in caplog.records if "licence" in vars(each))
    assert vars(record)["licence"] == "CC0-1.0"
    assert "drawn at random" in vars(record)["training_data"]


def test_missing_network_is_a_clear_error(folder: Path) -> None:
    described = write_network(folder)
    (folder / OWN_FILE).unlink()

    with pytest.raises(ModelMissing, match=r"own\.onnx does not exist: put it there"):
        _engine(described, folder)
    shipped = EmbedderDescription.read("sface")
    with pytest.raises(ModelMissing, match=r"sface_2021dec\.onnx .* fetch it from https://"):
        _engine(shipped, folder)


def test_chips_are_nearly_the_same_without_yunet(
    folder: Path, models_dir: Path, obama: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    without = tmp_path_factory.mktemp("without-yunet")
    shutil.copytree(models_dir, without, dirs_exist_ok=True)
    with_yunet = _embedding(write_network(folder), folder, obama)

    embedding = _embedding(write_network(without), without, obama)

    assert np.linalg.norm(embedding - with_yunet) < 0.15


def test_other_file_than_described_is_refused(folder: Path) -> None:
    described = write_network(folder)
    write_recogniser(folder / OWN_FILE, width=128, seed=1)

    with pytest.raises(ModelCorrupt, match=rf"has the sha256 \w+, not {described.sha256}"):
        _engine(described, folder)


def test_file_that_is_no_network_is_refused(folder: Path) -> None:
    (folder / OWN_FILE).write_bytes(b"cut off")

    with pytest.raises(ModelCorrupt, match="can't be loaded"):
        _engine(describe(folder), folder)


def test_other_width_than_described_is_refused(folder: Path) -> None:
    write_network(folder, width=64)

    with pytest.raises(ModelCorrupt, match=r"\(1, 64\).* described are 128"):
        _engine(describe(folder), folder)


def test_other_input_than_described_is_refused(folder: Path) -> None:
    write_network(folder)

    with pytest.raises(ModelCorrupt, match="can't be run as described"):
        _engine(describe(folder, side_px=96), folder)
