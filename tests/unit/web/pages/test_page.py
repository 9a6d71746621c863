"""The page that comes with the service: who gets it, and that its files are of their sources."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from efr_web.routes.page_routes import ASSETS, DETECTOR_ASSETS
from werkzeug.test import TestResponse

from core.faces.models.model_files import YUNET
from tests.support.models import models_dir
from tests.support.photos import ROOT
from tests.unit.web.test_door import KEYS, Door
from tests.unit.web.web_fixture import SETTINGS, WebFixture, assert_error, json_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SOURCES = ROOT / "page"
BUILT = ROOT / "web-tier" / "efr_web" / "static" / "page"
RECORD = json.loads((BUILT / "hashes.json").read_text())
LARGEST_BYTES = 100_000
LARGEST_DETECTOR_BYTES = 4_000_000
WEIGHTS = "/page/detector.onnx"


def files_of_the_page() -> Iterator[Path]:
    for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.js"):
        yield SOURCES / name
    for folder in ("src", "public"):
        yield from (path for path in (SOURCES / folder).rglob("*") if path.is_file())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def policy_of(answer: TestResponse) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def with_models(folder: Path) -> WebFixture:
    """Return an application whose models lie in a folder."""
    return WebFixture(settings=SETTINGS.model_copy(update={"face_models_dir": folder}))


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

    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["worker-src"] == "'self'"
    assert {word for value in policy.values() for word in value.split()} == {
        "'self'",
        "'none'",
        "blob:",
    }
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)


def test_only_the_detector_may_compile_wasm_and_it_may_load_nothing_else(web: WebFixture) -> None:
    policy = policy_of(web.client.get("/page/detector.js"))

    assert policy == {
        "default-src": "'none'",
        "script-src": "'wasm-unsafe-eval'",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
    }
    for path in ("/", "/page/page.js", "/page/detector.wasm"):
        others = web.client.get(path, headers=BROWSER).headers["Content-Security-Policy"]
        assert "unsafe" not in others


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


@pytest.mark.parametrize("name", [*ASSETS, *DETECTOR_ASSETS])
def test_files_come_compressed_to_those_who_can_read_it(web: WebFixture, name: str) -> None:
    plain = web.client.get(f"/page/{name}", headers={"Accept-Encoding": "identity"})
    packed = web.client.get(f"/page/{name}", headers={"Accept-Encoding": "br, gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert packed.mimetype == {**ASSETS, **DETECTOR_ASSETS}[name]


def test_detectors_runtime_is_a_wasm_module(web: WebFixture) -> None:
    assert web.client.get("/page/detector.wasm").data.startswith(b"\0asm\1\0\0\0")


def test_detectors_weights_are_the_services_own_and_may_be_kept() -> None:
    if not (models_dir() / YUNET).is_file():
        pytest.skip("YuNet is not at hand")
    web = with_models(models_dir())

    first = web.client.get(WEIGHTS)
    again = web.client.get(WEIGHTS, headers={"If-None-Match": first.headers["ETag"]})

    assert first.data == (models_dir() / YUNET).read_bytes()
    assert first.headers["Cache-Control"] == "no-cache"  # kept, and asked about
    assert (again.status_code, again.data) == (304, b"")


def test_weights_that_are_missing_or_others_are_not_served(tmp_path: Path) -> None:
    web = with_models(tmp_path)

    assert_error(web.client.get(WEIGHTS), 404, "NOT_FOUND")
    (tmp_path / YUNET).write_bytes(b"another network")
    assert_error(web.client.get(WEIGHTS), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "name",
    ["detector.wasm.gz", "yunet_n_dynamic.onnx", "hashes.json", "page.html", "..%2fdocs.js", ""],
)
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


def test_detector_is_as_small_as_it_was_made() -> None:
    script = len(gzip.compress((BUILT / "detector.js").read_bytes()))

    assert script + (BUILT / "detector.wasm.gz").stat().st_size <= LARGEST_DETECTOR_BYTES


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
