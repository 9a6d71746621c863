"""The page that comes with the service: who gets it, and that its files are of their sources."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from efr_web.routes.page_routes import ASSETS

from tests.support.photos import ROOT
from tests.unit.web.test_door import KEYS, Door
from tests.unit.web.web_fixture import WebFixture, assert_error, json_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SOURCES = ROOT / "page"
BUILT = ROOT / "web-tier" / "efr_web" / "static" / "page"
RECORD = json.loads((BUILT / "hashes.json").read_text())
LARGEST_BYTES = 100_000


def files_of_the_page() -> Iterator[Path]:
    for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.js"):
        yield SOURCES / name
    for folder in ("src", "public"):
        yield from (path for path in (SOURCES / folder).rglob("*") if path.is_file())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_browser_gets_the_page(web: WebFixture) -> None:
    answer = web.client.get("/", headers=BROWSER)

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert answer.headers["Vary"] == "Accept"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/*", "image/*, */*"])
def test_programs_are_answered_as_before(web: WebFixture, accept: str | None) -> None:
    answer = web.client.get("/", headers={} if accept is None else {"Accept": accept})

    assert_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_policy_allows_no_script_inside_the_page_and_no_other_host(web: WebFixture) -> None:
    answer = web.client.get("/", headers=BROWSER)

    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert {word for value in policy.values() for word in value.split()} == {
        "'self'",
        "'none'",
        "blob:",
    }
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)


def test_page_says_whether_a_key_is_needed(web: WebFixture) -> None:
    assert 'data-needs-key="no"' in web.client.get("/", headers=BROWSER).text
    assert 'data-needs-key="yes"' in Door(settings=KEYS).client.get("/", headers=BROWSER).text


def test_page_loads_exactly_the_files_that_are_served(web: WebFixture) -> None:
    links = set(
        re.findall(r'(?:src|href)="(page/[^"]*)"', web.client.get("/", headers=BROWSER).text)
    )

    assert links == {f"page/{name}" for name in ASSETS}
    for link in links:
        answer = web.client.get(f"/{link}")
        assert answer.status_code == 200
        assert answer.mimetype == ASSETS[link.removeprefix("page/")]


def test_file_that_a_browser_has_is_not_sent_again(web: WebFixture) -> None:
    first = web.client.get("/page/page.js")
    again = web.client.get("/page/page.js", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["hashes.json", "page.html", "..%2fdocs.js", ""])
def test_nothing_else_is_served(web: WebFixture, name: str) -> None:
    assert_error(web.client.get(f"/page/{name}"), 404, "NOT_FOUND")


def test_built_files_are_of_the_sources() -> None:
    sources = {str(path.relative_to(SOURCES)): sha256(path) for path in files_of_the_page()}
    built = {path.name: sha256(path) for path in BUILT.iterdir() if path.name != "hashes.json"}

    assert sources == RECORD["sources"], "run 'make page'"
    assert built == RECORD["built"], "run 'make page'"


def test_scripts_and_styles_are_small() -> None:
    sizes = [len(gzip.compress((BUILT / name).read_bytes())) for name in ("page.js", "page.css")]

    assert sum(sizes) <= LARGEST_BYTES


def test_lock_file_names_no_registry() -> None:
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]

    assert len(locked) > 10
    assert not [name for name, package in locked.items() if "resolved" in package]
    assert not [name for name, package in locked.items() if name and "integrity" not in package]


def test_everybody_may_do_all_without_keys(web: WebFixture) -> None:
    described = json_of(web.client.get("/key"))

    assert (described["scopes"], described["collections"]) == (["admin"], ["*"])
    assert described["key_id"] is described["name"] is described["expires_at"] is None


def test_key_is_told_what_it_may_do_and_never_its_secret() -> None:
    door = Door(settings=KEYS)
    made, given = door.keys.create("door", scopes=["recognise"], collections=["staff-*"])

    answer = door.client.get("/key", headers={"X-API-Key": given.text})

    assert json_of(answer) == {
        "key_id": made.key_id,
        "name": "door",
        "scopes": ["recognise"],
        "collections": ["staff-*"],
        "expires_at": None,
    }
    assert given.secret not in answer.text
    assert given.sha256 not in answer.text
