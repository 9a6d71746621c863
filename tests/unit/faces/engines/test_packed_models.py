"""Model files that travel as arrays."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelMissing
from core.faces.engines.factory import load_engine
from core.faces.engines.packed_models import packed_engine
from core.faces.models import converted_networks as weights
from core.faces.models.model_files import YUNET
from tests.support.insight_networks import write_network
from tests.support.models import models_dir
from tests.support.photos import sample

OPTIONS: dict[str, Any] = {
    "insightface_models_dir": None,
    "embedder": None,
    "max_pixels": 50_000_000,
    "detection_max_side_px": None,
    "min_face_px": 16,
    "max_faces": 100,
    "cuda": False,
}


@pytest.mark.parametrize("name", ["balanced", "fast", "dlib"])
def test_packed_engine_recognises_as_one_from_the_folder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = packed_engine(name=name, models_dir=models_dir(), **OPTIONS)
    expected = load_engine(name=name, models_dir=models_dir(), **OPTIONS)
    monkeypatch.setattr(weights, "_build", None)  # all that is needed must have travelled

    photo = sample("Joe Biden/biden.jpg")
    packed, loaded = load().recognise(photo), expected.recognise(photo)

    assert packed.model == loaded.model
    assert [face.box for face in packed.faces] == [face.box for face in loaded.faces]
    np.testing.assert_array_equal(packed.faces[0].embedding, loaded.faces[0].embedding)


def test_networks_of_the_user_travel_whole(tmp_path: Path) -> None:
    (tmp_path / "detector.onnx").write_bytes(b"a network")
    options = OPTIONS | {"insightface_models_dir": tmp_path}

    load: Any = packed_engine(name="insightface", models_dir=tmp_path, **options)

    (files,) = load.args
    assert {name: bytes(content) for name, content in files.items()} == {
        "detector.onnx": b"a network"
    }


def test_described_network_travels_with_yunet(
    models_with_yunet: Path, tmp_path: Path, shared_data: Path
) -> None:
    shutil.copy(models_with_yunet / YUNET, tmp_path)
    options = OPTIONS | {"embedder": write_network(tmp_path)}
    load = packed_engine(name="onnx", models_dir=tmp_path, **options)
    expected = load_engine(name="onnx", models_dir=tmp_path, **options)
    photo = (shared_data / "face-recognition-examples/images/examples/obama.jpg").read_bytes()

    packed, loaded = load().recognise(photo), expected.recognise(photo)

    assert packed.model == loaded.model
    np.testing.assert_array_equal(packed.faces[0].embedding, loaded.faces[0].embedding)


def test_unreadable_file_is_a_missing_model(tmp_path: Path) -> None:
    (tmp_path / "detector.onnx").mkdir()
    options = OPTIONS | {"insightface_models_dir": tmp_path}

    with pytest.raises(ModelMissing, match=r"detector\.onnx"):
        packed_engine(name="insightface", models_dir=tmp_path, **options)
