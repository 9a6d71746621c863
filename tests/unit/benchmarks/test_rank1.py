import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.search.rank1 import measured
from benchmarks.search.rank1_photos import recognitions
from benchmarks.search.rank1_rates import Answer, compare_all, rates, split
from core.faces.geometry import Box
from core.faces.recognition.embedding import DLIB_RESNET
from core.faces.results import EMBEDDING_LENGTH, EVERY_FACE, Face, Needed, Recognition
from tests.support.photos import ROOT

PHOTOS = ["Ada_0002", "Ada_0001", "Bob_0001", "Bob_0003", "Bob_0002", "Eve_0001"]
AXES = np.eye(EMBEDDING_LENGTH, dtype=np.float32)


def _seen(*embeddings: Any) -> Recognition:
    faces = tuple(
        Face(
            box=Box(left=0, top=0, right=90, bottom=90),
            landmarks={},
            detection_score=1.0,
            embedding=np.asarray(embedding, dtype=np.float32),
        )
        for embedding in embeddings
    )
    return Recognition(width=100, height=100, faces=faces, model=DLIB_RESNET, timings_ms={})


def test_people_with_one_photo_are_strangers_and_the_others_are_searched() -> None:
    parts = split(PHOTOS)

    assert parts.several == {
        "Ada": ("Ada_0001", "Ada_0002"),
        "Bob": ("Bob_0001", "Bob_0002", "Bob_0003"),
    }
    assert parts.strangers == ("Eve_0001",)
    assert parts.searched(["Ada_0001", "Bob_0002"]) == ("Ada_0002", "Bob_0001", "Bob_0003")


def test_rates_share_out_the_searched_photos() -> None:
    searched = [
        Answer(photo="Ada_0002", nearest="Ada", named="Ada"),
        Answer(photo="Ada_0003", nearest="Ada", named=None),
        Answer(photo="Bob_0002", nearest="Ada", named="Ada"),
        Answer(photo="Bob_0003", nearest=None, named=None),
    ]
    strangers = [
        Answer(photo="Eve_0001", nearest="Bob", named=None),
        Answer(photo="Ian_0001", nearest="Bob", named="Bob"),
    ]

    assert rates(searched, strangers) == {
        "searched": 4,
        "rank_1": 0.5,
        "named_rightly": 0.25,
        "unknown": 0.5,
        "named_wrongly": 0.25,
        "strangers": 2,
        "strangers_named": 0.5,
    }


def test_comparing_all_names_the_nearest_within_the_distance() -> None:
    enrolled = {"Ada_0001": AXES[0], "Bob_0001": AXES[1]}
    near, far = AXES[1] * np.float32(0.9), AXES[1] * np.float32(0.1)

    answers = compare_all(enrolled, {"a": near, "b": far, "c": None}, max_distance=0.5)

    assert [(a.nearest, a.named) for a in answers] == [("Bob", "Bob"), ("Bob", None), (None, None)]


def test_service_enrols_the_first_photo_that_it_does_not_refuse() -> None:
    two = _seen(AXES[1], AXES[2])
    ours = {
        "Ada_0001": _seen(AXES[0]),
        "Ada_0002": _seen(AXES[0] * 0.9),
        "Bob_0001": two,
        "Bob_0002": _seen(AXES[1]),
        "Eve_0001": _seen(AXES[3]),
        "Ian_0001": two,
        "Ian_0002": two,
        "Joe_0001": _seen(),
    }

    artifact = measured(ours, ours)

    assert artifact["people_enrolled"] == 2
    assert artifact["people_refused"] == 1
    assert artifact["photos_refused"] == {"SEVERAL_LARGE_FACES": 3}
    assert artifact["service"] == {
        "searched": 4,
        "rank_1": 0.5,
        "named_rightly": 0.5,
        "unknown": 0.0,
        "named_wrongly": 0.5,
        "strangers": 2,
        "strangers_named": 0.0,
    }
    assert artifact["exact_of_same_embeddings"]["nearest_agree"] == 6
    assert artifact["exact_of_dlib"]["0.6"] == artifact["service"]


def test_photo_in_the_cache_is_not_looked_at_again(tmp_path: Path) -> None:
    class Engine:
        looked = 0

        def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
            self.looked += 1
            return _seen(AXES[0])

    engine, cache = Engine(), tmp_path / "cache" / "seen.pickle"
    photos = [tmp_path / "b.jpg", tmp_path / "a.jpg"]
    for photo in photos:
        photo.write_bytes(b"photo")

    recognitions(lambda: engine, photos, cache)  # type: ignore[arg-type, return-value]
    again = recognitions(lambda: pytest.fail("loaded"), photos, cache)

    assert engine.looked == 2
    assert list(again) == ["a", "b"]


def test_artifact_searched_with_every_photo_that_was_not_enrolled() -> None:
    artifact = json.loads((ROOT / "docs" / "benchmarks" / "rank1.json").read_text())
    service = artifact["service"]

    used = artifact["people_enrolled"] + service["searched"] + service["strangers"]
    assert used == artifact["photos"]
