"""Bodies made to cost much: a clear refusal, at the cost of no recursion and no long list."""

import io
import json

import pytest

from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error

DEEP = 100_000
JSON = "application/json"


@pytest.mark.parametrize(
    "body",
    [
        "[" * DEEP,
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP,
        '{"collection_id":"a","metadata":' + '{"a":' * DEEP,
        '{"collection_id":"a","metadata":' + '{"a":' * 150 + "1" + "}" * 151,
        '{"collection_id":"a","threshold":' + "1" * DEEP + "}",
        '{"collection_id":"a","threshold":1e999999}',
        '{"collection_id":"a","threshold":NaN}',
        '{"collection_id":"' + "a" * 2_100_000 + '"}',
    ],
    ids=["lists", "closed", "objects", "inner", "200", "digits", "exponent", "nan", "2MB"],
)
def test_json_that_is_deep_or_long_is_refused(web: WebFixture, body: str) -> None:
    answer = web.client.post("/collections", data=body, content_type=JSON)

    assert_error(answer, 400, "INVALID_REQUEST")
    assert len(answer.get_data()) < 1000


@pytest.mark.parametrize("text", ["[" * DEEP, '{"a":' * 80_000, '{"a":' + "1" * DEEP + "}"])
def test_json_in_a_form_is_refused_likewise(web: WebFixture, text: str) -> None:
    web.client.post("/collections", json={"collection_id": "staff"})
    photo = (io.BytesIO(PHOTO), "a.jpg")
    fields = {"image": photo, "image_id": "a", "collection_id": "staff", "metadata": text}

    answer = web.client.post("/faces/index", data=fields)

    assert_error(answer, 400, "INVALID_REQUEST")
    assert answer.get_json()["error"] == "metadata: it is not JSON"
    assert web.is_empty()


def test_many_unknown_fields_are_counted_and_not_listed(web: WebFixture) -> None:
    body = json.dumps({str(number): 1 for number in range(50_000)})

    answer = web.client.post("/faces/detect", data=body, content_type=JSON)

    assert_error(answer, 400, "INVALID_REQUEST")
    assert "50000 problems" in answer.get_json()["error"]


def test_more_values_than_any_call_takes_are_refused_unread(web: WebFixture) -> None:
    body = '{"image":[' + "[]," * 100_001 + "1]}"

    answer = web.client.post("/faces/detect", data=body, content_type=JSON)

    assert_error(answer, 400, "INVALID_REQUEST")
    assert "values" in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("A" * 1_500_000, "FILE_TOO_LARGE"),
        ("A" * 2_000_000, "FILE_TOO_LARGE"),
        ("=" * 1_000_000, "INVALID_REQUEST"),
        ("data:" * 200_000, "INVALID_REQUEST"),
        ("\n" * 700_000, "EMPTY_FILE"),
    ],
    ids=["photo", "body", "padding", "uri", "lines"],
)
def test_base64_is_bounded_like_a_file(web: WebFixture, image: str, code: str) -> None:
    assert_error(web.client.post("/faces/detect", json={"image": image}), 400, code)


PART = b'--b\r\nContent-Disposition: form-data; name="inputFile"; filename="a"\r\n'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (PART + b"X: " + b"a" * 1_000_000 + b"\r\n\r\nx\r\n--b--", "FORM_TOO_LARGE"),
        (PART + b"X: a\r\n" * 150_000 + b"\r\nx\r\n--b--", "FORM_TOO_LARGE"),
        (b"--b\r\n\r\n\r\n" * 100_000, "MISSING_FILE"),
        (b"\r\n" * 500_000, "FORM_TOO_LARGE"),
        (PART + b"\r\n" + b"\r\n--" * 250_000, "MISSING_FILE"),
    ],
    ids=["long header", "many headers", "parts without header", "preamble", "almost the end"],
)
def test_form_that_is_no_form_is_refused(web: WebFixture, body: bytes, code: str) -> None:
    answer = web.client.post("/", data=body, content_type="multipart/form-data; boundary=b")

    assert_error(answer, 400, code)
    assert web.is_empty()
