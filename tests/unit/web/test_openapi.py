"""The service's description of itself."""

import re
import tomllib
from typing import Any

import pytest
from openapi_spec_validator import validate

from core import __version__
from tests.support.photos import ROOT
from tests.unit.web.web_fixture import WebFixture

METHODS = {"get", "post", "patch", "delete", "put"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    document: dict[str, Any] = WebFixture().client.get("/openapi.json").get_json()
    return document


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in described["paths"].items()
        for method, operation in item.items()
    }


def test_document_is_valid_openapi(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_route_is_described_and_every_description_is_a_route(
    web: WebFixture, described: dict[str, Any]
) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in web.app.url_map.iter_rules()
        if not rule.rule.startswith(("/docs", "/openapi.json", "/page"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (method, rule.rule) != ("GET", "/")  # the page for browsers
    }

    assert set(operations(described)) == routes


def test_every_operation_says_what_it_takes_and_answers(described: dict[str, Any]) -> None:
    for (method, path), operation in operations(described).items():
        assert operation["summary"], path
        assert operation["x-curl"], path
        assert "500" in operation["responses"], path
        named = set(re.findall(r"{(\w+)}", path))
        parameters = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert parameters == named
        has_none = method == "POST" and path.endswith(("/test", "/replay", "ignore"))
        takes_body = method in ("POST", "PUT", "PATCH") and not has_none
        assert ("requestBody" in operation) == takes_body, path


def codes(operation: dict[str, Any]) -> dict[int, set[str]]:
    """Return the error codes that an operation may answer, by their status."""
    found: dict[int, set[str]] = {}
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            schema = response["content"]["application/json"]["schema"]
            found[int(status)] = set(schema["allOf"][1]["properties"]["code"]["enum"])
    return found


@pytest.mark.parametrize(
    ("takes", "needed"),
    [
        ("collection", {"INVALID_COLLECTION_ID", "COLLECTION_NOT_FOUND", "STORAGE_UNAVAILABLE"}),
        ("photo", {"FILE_TOO_LARGE", "UNSUPPORTED_IMAGE", "INPUT_MISSING"}),
        ("photo", {"BUCKET_NOT_ALLOWED", "BUCKET_NOT_FOUND"}),
        ("body", {"INVALID_REQUEST", "REQUEST_TIMED_OUT", "BAD_REQUEST"}),
        ("query", {"INVALID_REQUEST"}),
    ],
)
def test_operations_have_the_errors_of_what_they_take(
    described: dict[str, Any], takes: str, needed: set[str]
) -> None:
    for (method, path), operation in operations(described).items():
        text = str(operation.get("requestBody", ""))
        for_each = {
            "collection": "{collection_id}" in path,
            "photo": path.startswith("/faces/") and "Form" in text,
            "body": "requestBody" in operation,
            "query": any(each["in"] == "query" for each in operation["parameters"]),
        }
        if for_each[takes]:
            assert needed <= set().union(*codes(operation).values()), (method, path)


def test_no_two_schemas_and_no_two_operations_have_one_name(described: dict[str, Any]) -> None:
    """Client generators name classes after titles and functions after ids, and drop doubles."""
    schemas = described["components"]["schemas"]
    titles = [schema.get("title", name) for name, schema in schemas.items()]
    ids = [operation["operationId"] for operation in operations(described).values()]

    assert sorted(titles) == sorted(schemas)
    assert len(set(ids)) == len(ids)


def test_every_operation_has_an_optional_parameter(described: dict[str, Any]) -> None:
    """Without any, openapi-python-client writes calls with two kinds of body that don't import."""
    for (method, path), operation in operations(described).items():
        headers = {each["name"]: each for each in operation["parameters"] if each["in"] == "header"}
        assert not headers["X-Request-ID"].get("required"), (method, path)


def test_version_is_the_packages(described: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert described["info"]["version"] == __version__
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "core.__version__"}


def test_page_of_the_docs_has_every_operation(described: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "api.md").read_text()

    for method, path in operations(described):
        assert f"`{method} {path}`" in text
