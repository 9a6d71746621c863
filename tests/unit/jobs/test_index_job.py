"""Index jobs on the wire, and what callers may say in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import MalformedMessage
from core.ground.ids import is_job_id, new_id
from core.jobs.index_job import IndexJob, IndexOptions, IndexRequest, is_person

JOB = IndexJob(
    collection_id="family",
    max_faces=3,
    person="Łucja 王 🙂",
    metadata={"album": "Sommer\n2024"},
    job_id=new_id(),
    image_id="albums/2024/ada é.jpg",
    s3_bucket="in",
    s3_key="a key",
    batch_id=new_id(),
    position=7,
)


PLACE: Any = {"job_id": new_id(), "image_id": "a", "s3_bucket": "in", "s3_key": "a key"}


def request(**said: object) -> IndexRequest:
    return IndexRequest.model_validate({"collection_id": "family", **said})


def test_job_of_a_request_holds_all_that_callers_said() -> None:
    asked = request(
        max_faces=3,
        person="Ada",
        largest=True,
        box="1,2,3,4",
        metadata={"album": "summer"},
        min_quality=0.5,
    )

    job = IndexJob.of(asked, **PLACE)

    assert IndexJob.from_body(job.body) == IndexJob(**dict(asked), **PLACE)


def test_job_of_a_batch_has_no_box() -> None:
    options = IndexOptions(collection_id="family", person="Ada")

    job = IndexJob.of(options, **PLACE)

    assert job.box is None
    assert IndexJob.from_body(job.body) == IndexJob(**dict(options), **PLACE)


def test_job_survives_the_message_body() -> None:
    assert IndexJob.from_body(JOB.body) == JOB


def test_job_of_a_later_version_is_read() -> None:
    assert IndexJob.from_body(JOB.body[:-1] + ', "mood": "cheerful"}') == JOB


@pytest.mark.parametrize("quality", [0, 33.5])
def test_least_quality_is_in_the_message_only_when_it_is_asked_for(quality: float) -> None:
    asked = JOB.model_copy(update={"min_quality": quality})

    assert "min_quality" not in json.loads(JOB.body)
    assert IndexJob.from_body(asked.body).min_quality == quality


@given(st.text())
def test_any_other_body_is_malformed(body: str) -> None:
    with pytest.raises(MalformedMessage) as raised:
        IndexJob.from_body(body)
    assert raised.value.body == body


@pytest.mark.parametrize(
    "said",
    [
        {"job_id": "../../etc/passwd"},
        {"batch_id": "a/b"},
        {"position": -1},
        {"collection_id": "a/b"},
        {"image_id": ""},
    ],
)
def test_body_that_says_something_impossible_is_malformed(said: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage):
        IndexJob.from_body(JOB.model_copy(update=said).body)


def test_malformed_body_is_not_shown_in_full() -> None:
    with pytest.raises(MalformedMessage) as raised:
        IndexJob.from_body("x" * 5000)

    assert len(str(raised.value)) < 300


def test_ids_are_new_and_have_the_form_of_a_job_id() -> None:
    assert is_job_id(new_id())
    assert new_id() != new_id()


def test_request_needs_a_collection_only() -> None:
    plain = request()

    assert (plain.max_faces, plain.person, plain.metadata) == (5, None, {})


@pytest.mark.parametrize(
    "said",
    [
        {"collection_id": "x" * 100},
        {"max_faces": 1},
        {"max_faces": 100},
        {"person": "x" * 100},
        {"metadata": {f"key {number}": "x" * 512 for number in range(20)}},
    ],
)
def test_limits_are_inclusive(said: dict[str, object]) -> None:
    made = request(**said)

    assert {name: getattr(made, name) for name in said} == said


@pytest.mark.parametrize(
    "said",
    [
        {"collection_id": ""},
        {"collection_id": "a/b"},
        {"collection_id": "a\n"},
        {"collection_id": "x" * 101},
        {"max_faces": 0},
        {"max_faces": 101},
        {"person": ""},
        {"person": "x" * 101},
        {"metadata": {"": "empty"}},
        {"metadata": {"x" * 65: "long"}},
        {"metadata": {"long": "x" * 513}},
        {"metadata": {f"key {number}": "" for number in range(21)}},
    ],
)
def test_request_beyond_a_limit_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as raised:
        request(**said)
    assert raised.value.errors()[0]["loc"][0] == next(iter(said))


def test_message_of_an_older_version_has_its_person_in_one_spelling() -> None:
    composed = JOB.model_copy(update={"person": "Zo\u00eb"})
    body = composed.body.replace("Zo\u00eb", "Zoe\u0308")

    assert body != composed.body
    assert IndexJob.from_body(body).person == "Zo\u00eb"


def test_decomposed_name_may_have_more_characters_than_a_name_has() -> None:
    assert request(person="e\u0308" * 100).person == "\u00eb" * 100
    with pytest.raises(ValidationError):
        request(person="e\u0308" * 101)


def test_long_run_of_marks_is_refused_without_sorting_it() -> None:
    with pytest.raises(ValidationError):
        request(person="a" + "\u0315\u0300\u0323" * 1_000_000)


@pytest.mark.parametrize("name", ["Ada", "Łucja 王 🙂", "O'Brien", "a"])
def test_names_are_persons(name: str) -> None:
    assert is_person(name)


@pytest.mark.parametrize(
    "name", ["Unknown", "No face", " Ada", "Ada ", "A\nda", "\x00", "A\u200bda"]
)
def test_what_could_be_mistaken_in_a_result_is_no_person(name: str) -> None:
    assert not is_person(name)
    with pytest.raises(ValidationError):
        request(person=name)


def test_message_holds_what_older_workers_do_not_know_only_where_it_is_used() -> None:
    assert not {"largest", "box"} & json.loads(JOB.body).keys()
    chosen = JOB.model_copy(update={"largest": True, "box": "1,2,3,4"})
    assert IndexJob.from_body(chosen.body) == chosen


@pytest.mark.parametrize("box", ["1,2,3,4", "-1,-2.5,3,4.25"])
def test_box_is_left_top_width_height(box: str) -> None:
    assert request(box=box).box == box


@pytest.mark.parametrize(
    "box", ["", "1,2,3", "1,2,3,4,5", "1,2,-3,4", "1, 2, 3, 4", "a,b,c,d", "1,2,3,4\n", "nan,1,2,3"]
)
def test_odd_box_is_refused(box: str) -> None:
    with pytest.raises(ValidationError):
        request(box=box)
