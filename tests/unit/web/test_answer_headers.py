"""Headers of every answer, and pages of other origins that may read them."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.unit.web.test_door import KEYS, Door, operations
from tests.unit.web.web_fixture import SETTINGS, WebFixture

APP = "https://app.example.org"
EVIL = "https://evil.example"
WITH_APP = KEYS.model_copy(update={"cors_origins": (APP, "http://localhost:3000")})
ALLOWS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods")


def assert_safe(response: TestResponse) -> None:
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"] == "camera=(self), geolocation=(), microphone=()"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Request-ID"]
    assert "Set-Cookie" not in headers
    assert len(headers.getlist("Content-Security-Policy")) == 1


def test_every_call_has_the_headers_whatever_it_answers() -> None:
    door = Door(settings=KEYS)
    admin = door.key()

    for method, path, _ in operations():
        for key in (admin, None):
            answer = door.call(method, path, key)
            assert_safe(answer)
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/health", 405),
        ("OPTIONS", "/collections", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs/nothing.js", 404),
        ("POST", "/faces/detect", 415),
    ],
)
def test_other_answers_have_them_too(method: str, path: str, status: int) -> None:
    answer = WebFixture().client.open(path, method=method)

    assert answer.status_code == status
    assert_safe(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_unexpected_error_has_them_too(web: WebFixture) -> None:
    def broken() -> str:
        raise ZeroDivisionError

    web.app.add_url_rule("/broken", view_func=broken)

    answer = web.client.get("/broken")

    assert answer.status_code == 500
    assert_safe(answer)


def test_files_of_the_docs_page_may_be_cached(web: WebFixture) -> None:
    answer = web.client.get("/docs/swagger-ui.css")

    assert_safe(answer)
    assert answer.headers["Cache-Control"] == "max-age=3600"


# --- Pages of other origins -------------------------------------------------------------


def asked(origin: str, method: str, **sent: str) -> TestResponse:
    """Ask as a browser does for a page of an origin: first, for a POST, by a preflight."""
    door = Door(settings=WITH_APP)
    key = door.key()
    headers: dict[str, Any] = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    if method == "OPTIONS":
        asks = {"Access-Control-Request-Method": "POST"}
        return door.client.options("/collections", headers=headers | asks | sent)
    body = {"collection_id": "staff"} if method == "POST" else None
    return door.client.open("/collections", method=method, headers=headers | key | sent, json=body)


@pytest.mark.parametrize("cookie", [{}, {"Cookie": "session=1"}], ids=["plain", "credentials"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
@pytest.mark.parametrize("origin", [APP, EVIL])
def test_matrix_of_origins_methods_and_credentials(
    origin: str, method: str, cookie: dict[str, str]
) -> None:
    answer = asked(origin, method, **cookie)

    allowed = origin == APP
    refused = method == "POST" and not allowed
    assert answer.status_code == (403 if refused else 201 if method == "POST" else 200)
    assert answer.headers.get("Access-Control-Allow-Origin") == (APP if allowed else None)
    assert ("Access-Control-Allow-Methods" in answer.headers) == (allowed and method == "OPTIONS")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.vary


def test_preflight_is_kept_and_names_the_methods_of_the_path() -> None:
    answer = asked(APP, "OPTIONS")

    allowed = {each.strip() for each in answer.headers["Access-Control-Allow-Methods"].split(",")}
    assert {"GET", "POST"} <= allowed
    assert "DELETE" not in allowed
    assert answer.headers["Access-Control-Max-Age"] == "7200"


def test_page_may_send_every_header_of_the_document_and_keys() -> None:
    sent = asked(APP, "OPTIONS").headers["Access-Control-Allow-Headers"].split(", ")

    documented = {
        parameter["name"]
        for _, _, operation in operations()
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }
    assert documented | {"Authorization", "X-API-Key", "Content-Type"} == set(sent)


def test_page_may_read_errors() -> None:
    door = Door(settings=WITH_APP)

    answer = door.client.get("/collections", headers={"Origin": APP})

    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Expose-Headers"] == "*"


@pytest.mark.parametrize(
    "origin",
    [
        "https://APP.example.org",
        "https://app.example.org:443",
        "https://app.example.org/",
        "http://app.example.org",
        "https://app.example.org.evil.example",
        "https://evil.example#https://app.example.org",
        "https://sub.app.example.org",
        "null",
        "*",
        "",
    ],
)
def test_likeness_of_an_allowed_origin_is_not_enough(origin: str) -> None:
    for method in ("OPTIONS", "GET", "POST"):
        answer = asked(origin, method)

        assert not any(name in answer.headers for name in ALLOWS)
        assert answer.status_code == (403 if method == "POST" else 200)


def test_without_origins_there_is_no_cors() -> None:
    headers = {"Origin": APP, "Access-Control-Request-Method": "POST"}

    answer = WebFixture(settings=SETTINGS).client.options("/collections", headers=headers)

    assert not any(name.startswith("Access-Control") for name, _ in answer.headers)
    assert "Origin" not in answer.vary
