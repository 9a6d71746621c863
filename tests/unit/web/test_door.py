"""Who is let in, and what each may do, for every call of the document."""

import json
import re
from functools import cache
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.access.key_store import KeyStore
from core.access.keys import SCOPES, GivenKey, Scope
from tests.unit.web.web_fixture import SETTINGS, WebFixture, assert_error

KEYS = SETTINGS.model_copy(update={"auth": "keys"})
JOB = "8f323fc7-d47f-4792-bd59-413577fc04bf"
IDS = {
    "{collection_id}": "staff",
    "{name}": "Ada",
    "{receipt_id}": f"2026-11-30T12-00-05-{JOB}",
}


class Door(WebFixture):
    """The application with keys."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.keys = KeyStore(store=self.gallery)

    def key(self, *scopes: Scope, **more: Any) -> dict[str, str]:
        """Return the header of a new key."""
        _, key = self.keys.create("test", scopes=scopes or ("admin",), **more)
        return headers(key)

    def call(self, method: str, path: str, key: dict[str, str] | None = None) -> TestResponse:
        return self.client.open(
            re.sub("{.*?}", lambda named: IDS.get(named[0], JOB), path),
            method=method,
            headers=key,
        )


def headers(key: GivenKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.text}"}


@cache
def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = WebFixture().client.get("/openapi.json").get_json()
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def scope_of(operation: dict[str, Any]) -> str | None:
    """Return the scope that the document says, None where any key will do."""
    return operation["x-scope"]  # type: ignore[no-any-return]


@pytest.fixture
def door() -> Door:
    return Door(settings=KEYS)


def test_only_health_is_open() -> None:
    assert [path for _, path, operation in operations() if operation["security"] == []] == [
        "/health"
    ]


def test_every_call_without_a_key_is_refused(door: Door) -> None:
    for method, path, operation in operations():
        if operation["security"]:
            response = door.call(method, path)
            assert_error(response, 401, "KEY_MISSING")
            assert response.headers["WWW-Authenticate"] == "Bearer"


def test_every_call_with_an_unknown_key_is_refused(door: Door) -> None:
    unknown = headers(GivenKey.new())
    for method, path, operation in operations():
        if operation["security"]:
            assert_error(door.call(method, path, unknown), 401, "KEY_INVALID")


def test_every_call_with_too_small_a_scope_is_refused(door: Door) -> None:
    refused = 0
    for method, path, operation in operations():
        for scope in SCOPES:
            response = door.call(method, path, door.key(scope))
            if scope_of(operation) in (None, scope) or scope == "admin":
                assert response.status_code not in (401, 403), (method, path, scope)
            else:
                assert_error(response, 403, "SCOPE_MISSING")
                refused += 1
    assert refused > len(operations())


def test_health_needs_no_key(door: Door) -> None:
    assert door.client.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/docs.js", "/page/page.js"])
def test_documentation_needs_no_key(door: Door, path: str) -> None:
    assert door.client.get(path).status_code == 200


def test_key_may_come_in_a_header_of_its_own(door: Door) -> None:
    _, key = door.keys.create("test", scopes=["admin"])

    assert door.client.get("/collections", headers={"X-API-Key": key.text}).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x y"},
        {"X-API-Key": ""},
        {"X-API-Key": "efr_0123456789ab_x"},
        {"X-API-Key": "ü"},
    ],
)
def test_what_is_no_key_is_refused(door: Door, sent: dict[str, str]) -> None:
    assert_error(door.client.get("/collections", headers=sent), 401, "KEY_INVALID")


def test_two_keys_in_one_request_are_refused(door: Door) -> None:
    key = door.key()
    both = {**key, "X-API-Key": key["Authorization"].removeprefix("Bearer ")}

    assert_error(door.client.get("/collections", headers=both), 401, "KEY_INVALID")


def test_refusal_tells_no_difference_between_unknown_revoked_and_expired(door: Door) -> None:
    key, given = door.keys.create("test", scopes=["admin"])
    door.keys.revoke(key.key_id)
    revoked = door.call("GET", "/collections", headers(given)).get_json()
    unknown = door.call("GET", "/collections", headers(GivenKey.new())).get_json()

    for answer in (revoked, unknown):
        del answer["request_id"]
    assert json.dumps(revoked) == json.dumps(unknown)


def test_secret_is_in_no_log_and_no_answer(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    _, key = door.keys.create("test", scopes=["recognise"])
    answers = [door.call(method, path, headers(key)).text for method, path, _ in operations()]

    assert key.secret not in caplog.text
    assert all(key.secret not in answer for answer in answers)


def test_key_of_some_collections_sees_no_others(door: Door) -> None:
    door.client.post("/collections", json={"collection_id": "staff"}, headers=door.key())
    some = door.key("admin", collections=["guests-*"])
    ids = {"face_id": JOB, "group_id": JOB, "name": "Ada"}
    for method, path, _ in operations():
        if "{collection_id}" in path and method in ("GET", "DELETE"):
            there = door.client.open(
                path.format(collection_id="staff", image_id="a.jpg", **ids),
                method=method,
                headers=some,
            )
            never = door.client.open(
                path.format(collection_id="stafx", image_id="a.jpg", **ids),
                method=method,
                headers=some,
            )
            assert_error(there, 404, "COLLECTION_NOT_FOUND")
            assert _answer(there).replace("staff", "stafx") == _answer(never)
    listed = door.client.get("/collections", headers=some).get_json()
    assert listed == {"collections": [], "next_token": None}


def test_key_of_some_collections_makes_no_others(door: Door) -> None:
    some = door.key("admin", collections=["guests-*"])

    made = door.client.post("/collections", json={"collection_id": "guests-1"}, headers=some)
    other = door.client.post("/collections", json={"collection_id": "staff"}, headers=some)

    assert made.status_code == 201
    assert_error(other, 403, "COLLECTION_NOT_ALLOWED")


def _answer(response: TestResponse) -> str:
    answer = response.get_json()
    del answer["request_id"]
    return json.dumps(answer)
