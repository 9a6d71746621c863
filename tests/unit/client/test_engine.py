"""`elastic_face.Engine`: the engine without a service."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidPhoto, ModelMissing
from elastic_face import Engine
from tests.support.models import models_dir
from tests.support.photos import SAMPLES

OBAMA, OBAMA_2 = (SAMPLES / "Barack Obama" / f"obama{number}.jpg" for number in ("", "2"))
BIDEN = SAMPLES / "Joe Biden" / "biden.jpg"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(models_dir=models_dir())


def test_faces_have_boxes_quality_and_embeddings_that_tell_people_apart(engine: Engine) -> None:
    (obama,) = engine.recognise(OBAMA, crops=True).faces
    (again,) = engine.recognise(OBAMA_2.read_bytes()).faces
    (biden,) = engine.recognise(str(BIDEN)).faces

    assert obama.box.width > 100
    assert obama.quality > 50
    assert obama.crop is not None
    assert biden.crop is None
    assert obama.embedding.shape == (128,)
    assert obama.embedding.dtype == np.float32
    same, different = engine.compare(obama, again), engine.compare(obama, biden)
    assert same.same
    assert same.similarity > 90
    assert not different.same
    assert different.similarity < 50
    assert different.distance > same.distance


def test_photo_that_is_none_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidPhoto):
        engine.recognise(b"text")


def test_photo_with_more_pixels_than_allowed_is_refused() -> None:
    careful = Engine(models_dir=models_dir(), max_pixels=100)

    with pytest.raises(InvalidPhoto, match="100"):
        careful.recognise(OBAMA)


def test_engine_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="guesswork"):
        Engine("guesswork", models_dir=tmp_path)
