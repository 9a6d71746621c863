"""Jobs, file names and message bodies."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MalformedMessage
from core.jobs import (
    FaceBox,
    ImageSize,
    Job,
    JobDone,
    Model,
    NamedFace,
    failed,
    headline,
    is_job_id,
    parse_result,
    safe_filename,
)


def named(name: str | None) -> NamedFace:
    return NamedFace(
        name=name,
        similarity=None,
        distance=None,
        box=FaceBox(left=0, top=0, width=1, height=1),
        landmarks={},
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


def test_results_survive_storage() -> None:
    job = Job.new("a.jpg")
    done = JobDone(
        job_id=job.job_id,
        result="Ada",
        faces=[named("Ada")],
        image=ImageSize(width=1, height=2),
        model=Model(name="m", version="1"),
        timings_ms={"decode": 1.0},
    )
    failure = failed(job, "INVALID_IMAGE", "damaged")

    for result in (done, failure):
        assert parse_result(result.model_dump_json().encode()) == result
