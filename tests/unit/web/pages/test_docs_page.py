"""The page for people: Swagger UI, served by the service itself."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from efr_web.routes.docs_routes import ASSETS

from tests.unit.web.web_fixture import WebFixture, assert_error

PAGE = "http://localhost/docs"


class _Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside_scripts = ""
        self.attributes: set[str] = set()
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        self.attributes |= {name for name, _ in attrs}
        self.found += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.inside_scripts += data


@pytest.fixture
def links(web: WebFixture) -> _Links:
    return _Links(web.client.get("/docs").text)


def test_page_and_all_that_it_loads_is_served(web: WebFixture, links: _Links) -> None:
    places = [urlsplit(urljoin(PAGE, link)) for link in links.found]

    assert {place.netloc for place in places} == {"localhost"}
    assert {place.path for place in places} == {"/openapi.json"} | {f"/docs/{n}" for n in ASSETS}
    for place in places:
        assert web.client.get(place.path).status_code == 200, place


def test_policy_allows_this_service_alone_and_no_script_inside_the_page(
    web: WebFixture, links: _Links
) -> None:
    response = web.client.get("/docs")

    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert response.mimetype == "text/html"
    assert policy.pop("img-src") == "'self' data:"
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert not links.inside_scripts.strip()
    assert not {name for name in links.attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("name", ASSETS)
def test_file_of_the_page_has_its_media_type(web: WebFixture, name: str) -> None:
    response = web.client.get(f"/docs/{name}")

    assert response.mimetype == ASSETS[name][1]
    assert response.data


def test_own_script_and_the_styles_name_no_other_host(web: WebFixture) -> None:
    script = web.client.get("/docs/docs.js").text
    styles = web.client.get("/docs/swagger-ui.css").text

    assert not re.search(r"\w+://|[\"'`]//", script)
    assert "validatorUrl: null" in script  # Swagger UI asks swagger.io otherwise
    assert "@import" not in styles
    assert all(url.strip("\"'").startswith("data:") for url in re.findall(r"url\((.{6})", styles))


@pytest.mark.parametrize("name", ["index.html", "oauth2-redirect.html", "VERSION", "..%2fapp.py"])
def test_other_files_of_the_packages_are_not_served(web: WebFixture, name: str) -> None:
    assert_error(web.client.get(f"/docs/{name}"), 404, "NOT_FOUND")
