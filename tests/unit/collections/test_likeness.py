"""What holds in a collection: its threshold, and how many strangers get a name by it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.collections.collection import Collection
from core.collections.likeness import LikenessOfFaces
from core.faces.decision import calibration_of
from core.faces.results import Model
from core.testing import MemoryFaceIndex
from tests.support.faces import MODEL

CALIBRATED = Model(name="dlib-resnet-int8", version="1-mirrored")


def collection(model: Model | None = CALIBRATED, **fields: object) -> Collection:
    known = {"collection_id": "family", "gallery_id": "0" * 32, "created_at": datetime.now(UTC)}
    return Collection.model_validate({**known, "model": model, **fields})


def likeness(**fields: float) -> LikenessOfFaces:
    return LikenessOfFaces(index=MemoryFaceIndex(), **fields)


def test_threshold_comes_from_the_collection_its_rate_or_the_service() -> None:
    usual = likeness(false_name_rate=0.1)

    assert likeness().least(collection()) == 80
    assert usual.least(collection()) < 80
    assert usual.least(collection(false_name_rate=0.01)) == 80
    assert usual.least(collection(false_name_rate=0.01, threshold=55)) == 55


@pytest.mark.parametrize("rate", [0.0001, 0.01, 0.3])
def test_expected_false_names_are_those_of_the_rate(rate: float) -> None:
    expected = likeness().expected_false_names(collection(false_name_rate=rate))

    assert expected == pytest.approx(rate, rel=0.02)


def test_nobody_knows_how_many_are_named_falsely_by_distances_alone() -> None:
    assert likeness(max_distance=0.5).expected_false_names(collection()) is None
    assert likeness().expected_false_names(collection(MODEL)) is None
    assert likeness().expected_false_names(collection(None)) is None


def test_usual_threshold_in_a_record_of_a_former_version_counts_as_none() -> None:
    former = collection(threshold=80).model_dump_json(exclude={"false_name_rate"}).encode()
    chosen = collection(threshold=85).model_dump_json(exclude={"false_name_rate"}).encode()
    newer = collection(threshold=80).model_dump_json().encode()

    read = [Collection.from_stored(body).threshold for body in (former, chosen, newer)]

    assert read == [None, 85, 80]


def test_comparisons_of_two_photos_allow_for_how_many_strangers_are_near_each() -> None:
    crowd = calibration_of(CALIBRATED).crowd
    assert crowd is not None
    chance = np.random.default_rng(1)
    lengths = np.linalg.norm(crowd.components, axis=1)
    shifts = chance.normal(size=(500, len(lengths))) @ (crowd.components / lengths[:, None] ** 2)
    faces = (crowd.centre + shifts).astype(np.float32)
    told = crowd.of(faces)
    crowded, lonely = faces[told.argmin()], faces[told.argmax()]
    beside = np.zeros_like(crowded)
    beside[0] = 0.5

    found = [likeness().of_photos(CALIBRATED, face, face + beside) for face in (crowded, lonely)]

    assert found[0] < found[1]
