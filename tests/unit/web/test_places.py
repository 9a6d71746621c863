"""What a call does not take is refused by its name, wherever it stands."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error, json_of

_VALUES = {
    "collection_id": "staff",
    "face_id": "6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11",
    "name": "Ada",
    "image_id": "ada-1",
    "group_id": "8f323fc7-d47f-4792-bd59-413577fc04bf",
    "job_id": "8f323fc7-d47f-4792-bd59-413577fc04bf",
    "receipt_id": "2026-11-30T12-00-05-8f323fc7-d47f-4792-bd59-413577fc04bf",
    "webhook_id": "8f323fc7-d47f-4792-bd59-413577fc04bf",
    "event_id": "8f323fc7-d47f-4792-bd59-413577fc04bf",
    "batch_id": "8f323fc7-d47f-4792-bd59-413577fc04bf",
}


@pytest.fixture
def calls(web: WebFixture) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every call."""
    return list(_calls(json_of(web.client.get("/openapi.json"))["paths"]))


def _calls(paths: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in paths.items():
        filled = re.sub(r"{(\w+)}", lambda found: _VALUES[found[1]], path)
        for method, operation in operations.items():
            yield method.upper(), filled, operation


def test_every_call_refuses_an_unknown_parameter_of_the_query_string(
    web: WebFixture, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, _ in calls:
        response = web.client.open(f"{path}?surplus=1", method=method)

        assert_error(response, 400, "INVALID_REQUEST")
        assert "surplus" in response.get_json()["error"], (method, path)


def test_every_call_refuses_an_unknown_field(
    web: WebFixture, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, operation in calls:
        for media in operation.get("requestBody", {}).get("content", ()):
            if media == "application/json":
                response = web.client.open(path, method=method, json={"surplus": 1})
            else:
                file = "inputFile" if path == "/" else "image"
                response = web.send_form(
                    path, files={file: ("a.jpg", PHOTO)}, fields={"surplus": "1"}
                )
            assert_error(response, 400, "INVALID_REQUEST")
            assert "surplus" in response.get_json()["error"], (method, path, media)


def test_every_form_refuses_an_unknown_file(
    web: WebFixture, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for _, path, operation in calls:
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", ()):
            file = "inputFile" if path == "/" else "image"
            response = web.send_form(
                path, files={file: ("a.jpg", PHOTO), "surplus": ("b.jpg", PHOTO)}
            )
            assert_error(response, 400, "INVALID_REQUEST")
            assert "surplus" in response.get_json()["error"], path


def test_every_call_without_body_refuses_one(
    web: WebFixture, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, operation in calls:
        if "requestBody" not in operation:
            response = web.client.open(path, method=method, json={"collection_id": "staff"})
            assert_error(response, 400, "INVALID_REQUEST")
            assert "body" in response.get_json()["error"], (method, path)


def test_chunked_body_is_refused_where_none_is_taken(web: WebFixture) -> None:
    response = web.client.get("/collections", headers={"Transfer-Encoding": "chunked"})

    assert_error(response, 400, "INVALID_REQUEST")


def test_empty_body_is_none(web: WebFixture) -> None:
    assert json_of(web.client.get("/health", headers={"Content-Length": "0"}))


def test_collection_in_the_query_string_of_an_upload_is_refused(web: WebFixture) -> None:
    response = web.send_form("/?collection_id=staff", files={"inputFile": ("a.jpg", PHOTO)})

    assert_error(response, 400, "INVALID_REQUEST")
    assert "collection_id" in response.get_json()["error"]
    assert web.is_empty()


def test_several_unknown_parameters_are_all_named(web: WebFixture) -> None:
    text = web.client.get("/health?one=1&two=2").get_json()["error"]

    assert "one" in text
    assert "two" in text
