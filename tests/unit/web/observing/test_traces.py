"""What a request leaves in its trace and on its log lines."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import RecognitionTimedOut
from tests.support.faces import TIMINGS_MS
from tests.support.services.kept_spans import traced
from tests.unit.web.web_fixture import PHOTO, WebFixture, base64_of, json_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_upload_and_its_job_are_one_trace(web: WebFixture) -> None:
    web.answers_after_s = None
    with traced() as kept:
        answer = web.upload(Prefer="respond-async")
        web.worker.run_once()

    job_id = json_of(answer, 202)["job_id"]
    assert len(kept.traces) == 1
    assert kept.parent_of("send job") == kept.parent_of("store photo") == "POST /"
    assert kept.parent_of("handle interactive") == "send job"
    for stage in ("fetch", "recognise", "search", "store"):
        assert kept.parent_of(stage) == "handle interactive"
    assert (kept["POST /"].attributes or {})["job.id"] == job_id
    assert (kept["handle interactive"].attributes or {})["job.id"] == job_id


@pytest.mark.parametrize(
    ("path", "asked", "parts"),
    [
        ("/faces/detect", {}, ["recognise"]),
        ("/faces/match", {"collection_id": "staff"}, ["recognise", "search"]),
        (
            "/faces/verify",
            {"collection_id": "staff", "person": "Ada"},
            ["recognise", "search"],
        ),
        ("/faces/verify", {"other_image": base64_of(PHOTO)}, ["recognise", "recognise"]),
    ],
)
def test_call_that_is_answered_at_once_has_the_stages_of_each_of_its_photos(
    web: WebFixture, path: str, asked: dict[str, str], parts: list[str]
) -> None:
    web.create("staff")
    web.enrol("staff", "ada-1", person="Ada")
    with traced() as kept:
        json_of(web.client.post(path, json={"image": base64_of(PHOTO), **asked}))

    assert kept.below(f"POST {path}") == [parts]
    assert kept.below("recognise") == [list(TIMINGS_MS)] * parts.count("recognise")


def test_search_by_an_enrolled_face_has_its_search(web: WebFixture) -> None:
    web.create("staff")
    enrolled = web.enrol("staff", "ada-1", person="Ada").face_records[0]
    with traced() as kept:
        json_of(web.client.post(f"/collections/staff/faces/{enrolled.face_id}/search", json={}))

    assert kept.parent_of("search").endswith("/search")


def test_stage_that_breaks_a_call_off_says_with_which_code(web: WebFixture) -> None:
    web.fails(PHOTO, RecognitionTimedOut("as told"))
    with traced() as kept:
        web.send_photo("/faces/detect")

    assert kept.below("POST /faces/detect") == [["recognise"]]
    assert dict(kept["recognise"].attributes or {}) == {"error.type": "RECOGNITION_TIMED_OUT"}


def test_trace_of_the_caller_goes_on(web: WebFixture) -> None:
    with traced() as kept:
        web.client.get("/collections", headers={"traceparent": PARENT})

    assert kept.traces == {int(TRACE, 16)}


@pytest.mark.parametrize("headers", [[("traceparent", "Ada")], [("traceparent", PARENT)] * 2])
def test_malformed_trace_of_the_caller_does_not_go_on(
    web: WebFixture, headers: list[tuple[str, str]]
) -> None:
    with traced() as kept:
        web.client.get("/collections", headers=headers)

    assert kept["GET /collections"].parent is None


def test_span_names_route_and_code_and_no_person(web: WebFixture) -> None:
    with traced() as kept:
        web.client.get("/collections/x/persons/Ada Lovelace")
        web.client.get("/Ada")
        web.client.open("/", method="ADA")

    person, nowhere, odd = kept.spans
    assert person.name == "GET /collections/<collection_id>/persons/<person:name>"
    assert dict(person.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/collections/<collection_id>/persons/<person:name>",
        "http.response.status_code": 404,
        "error.type": "COLLECTION_NOT_FOUND",
    }
    assert nowhere.name == "GET none"
    assert odd.name == "other none"
    assert "Ada" not in "".join(span.to_json() for span in kept.spans)


def test_health_checks_are_not_traced(web: WebFixture) -> None:
    with traced() as kept:
        web.client.get("/health")
        web.client.get("/ready")

    assert kept.spans == []


def test_every_log_line_of_an_upload_has_its_job(
    web: WebFixture, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    job_id = json_of(web.upload())["job_id"]
    web.client.get(f"/status/{job_id}")

    lines = log_lines()
    ends = ["wait ended", "request was answered", "request was answered"]
    assert [line["message"] for line in lines] == ["job was accepted", *ends]
    assert {line["job_id"] for line in lines} == {job_id}
    assert not [line for line in lines if "trace_id" in line]


def test_text_that_is_no_job_is_on_no_line(
    web: WebFixture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    web.client.get("/status/Ada Lovelace")

    assert "Ada" not in "".join(str(record.__dict__) for record in caplog.records)
