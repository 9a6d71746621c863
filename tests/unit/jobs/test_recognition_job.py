"""Jobs, file names and message bodies."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MalformedMessage
from core.faces.geometry import Box
from core.faces.results import Face
from core.ground.ids import is_job_id
from core.jobs.recognition_job import (
    DetectedFace,
    FaceBox,
    Job,
    NamedFace,
    failed,
    headline,
    safe_filename,
)
from tests.support.faces import embedding


def named(name: str | None) -> NamedFace:
    return NamedFace(
        name=name,
        similarity=None,
        distance=None,
        box=FaceBox(left=0, top=0, width=1, height=1),
        landmarks={},
        roll=0,
        detection_score=1,
        quality=90,
        quality_reasons=[],
    )


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("my_holiday_photo.jpg", "my_holiday_photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\me.png", "me.png"),
        ("Größe Ångström.jpeg", "Groe_Angstrom.jpeg"),
        ("фото.jpg", "jpg"),
        ("照片", "photo"),
        ("a\x00b\nc.jpg", "a_b_c.jpg"),
        ("...", "photo"),
        ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
    ],
)
def test_filename_is_made_safe(raw: str, safe: str) -> None:
    assert safe_filename(raw) == safe


@given(st.text())
def test_any_filename_survives_the_message_body(raw: str) -> None:
    job = Job.new(raw)

    assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", job.filename)
    assert Job.from_body(job.body) == job


@given(st.text())
def test_any_other_body_is_malformed(body: str) -> None:
    with pytest.raises(MalformedMessage) as raised:
        Job.from_body(body)
    assert raised.value.body == body


def test_malformed_message_shows_at_most_200_characters() -> None:
    assert len(str(MalformedMessage("x" * 5000))) < 300


def test_job_ids_are_unique_and_recognised() -> None:
    first, second = Job.new("a.jpg"), Job.new("a.jpg")

    assert first.job_id != second.job_id
    assert is_job_id(first.job_id)


@pytest.mark.parametrize(
    "text",
    ["", "x", "7d1c43f7-8a5a-1e0c-9d3e-0f6b3c1a2b4d", "7D1C43F7-8A5A-4E0C-9D3E-0F6B3C1A2B4D"],
)
def test_other_ids_are_refused(text: str) -> None:
    assert not is_job_id(text)


def test_headline_is_the_first_known_name() -> None:
    assert headline([named(None), named("Ada"), named("Bob")]) == "Ada"


def test_headline_without_known_name_is_unknown() -> None:
    assert headline([named(None)]) == "Unknown"


def test_headline_without_faces_says_so() -> None:
    assert headline([]) == "No face"


def test_failure_says_why() -> None:
    assert failed("an id", "A_CODE", "a reason", collection_id="staff").model_dump() == {
        "job_id": "an id",
        "status": "failed",
        "error": {"code": "A_CODE", "message": "a reason"},
        "collection_id": "staff",
    }


def test_what_is_shown_of_a_face_is_rounded() -> None:
    found = Face(
        box=Box(left=1.26, top=2.0, right=11.55, bottom=20.04),
        landmarks={"nose": (6.04, 7.06)},
        detection_score=0.98765,
        embedding=embedding(0),
        roll=-179.96,
        quality=51.26,
        flaws=("BLURRED",),
    )

    assert DetectedFace.of(found).model_dump() == {
        "box": {"left": 1.3, "top": 2.0, "width": 10.3, "height": 18.0},
        "landmarks": {"nose": (6.0, 7.1)},
        "roll": -180.0,
        "detection_score": 0.988,
        "quality": 51.3,
        "quality_reasons": ["BLURRED"],
    }
