"""The page with keys: it asks for one, and shows what its scopes allow."""

from collections.abc import Iterator, Sequence

import pytest
import requests
from playwright.sync_api import Page, expect

from core.access.keys import Scope
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from harness.localstack import free_port
from harness.processes import WebProcess
from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.browser import Scheme, Tab
from tests.support.photos import SAMPLES

OBAMA = SAMPLES / "Barack Obama" / "obama2.jpg"
ENDED = 90_000
"""Milliseconds until a photo is done, at most."""
LOOKING = ["Photos", "Live"]
SORTING = ["People", "Unknown", "Batches"]
ALWAYS = ["Collections", "Health"]


class Door:
    """A web tier of the running service that wants keys."""

    def __init__(self, service: Service, web: WebProcess) -> None:
        self.address = web.address
        settings = service.settings.model_copy(update={"auth": "keys"})
        self._keys = Shared(settings, Infrastructure.on_aws(settings)).process.key_store

    def key(self, *scopes: Scope, collections: Sequence[str] = ("*",)) -> str:
        return self._keys.create("desk", scopes=scopes, collections=collections)[1].text


@pytest.fixture(scope="module")
def door(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    changes = {"auth": "keys", "web_port": free_port()}
    settings = service.settings.model_copy(update=changes)
    web = WebProcess(settings, tmp_path_factory.mktemp("door") / "web.log")
    try:
        yield Door(service, web.started())
    finally:
        web.stop()


def enter(tab: Tab, key: str, place: str = "") -> Page:
    page = tab.open(place)
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    return page


def shown_views(page: Page) -> list[str]:
    return page.get_by_role("navigation").get_by_role("link").all_inner_texts()


def buttons(page: Page, *names: str) -> int:
    return sum(page.get_by_role("button", name=name, exact=True).count() for name in names)


@pytest.mark.parametrize(
    ("scopes", "views"),
    [
        (["recognise"], LOOKING + ALWAYS),
        (["enrol"], SORTING + ALWAYS),
        (["erase"], ALWAYS),
        (["recognise", "enrol"], LOOKING + SORTING + ALWAYS),
        (["admin"], LOOKING + SORTING + ALWAYS),
    ],
)
def test_each_view_that_a_key_allows_asks_only_for_what_it_allows(
    door: Door, tabs: Tabs, scopes: list[Scope], views: list[str]
) -> None:
    page = enter(tabs(address=door.address), door.key(*scopes))

    assert shown_views(page) == views
    for view in views:  # a request that the key does not allow fails the test
        page.get_by_role("link", name=view, exact=True).click()
        expect(page.get_by_role("link", name=view, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
    is_admin = scopes == ["admin"]
    told = page.get_by_text("are shown to keys with the scope admin")
    expect(told).to_have_count(0 if is_admin else 1)
    expect(page.get_by_role("table")).to_have_count(1 if is_admin else 0)


@pytest.mark.parametrize("view", ["people", "unknown", "batches"])
def test_address_of_a_view_that_a_key_does_not_allow_shows_another(
    door: Door, tabs: Tabs, view: str
) -> None:
    page = enter(tabs(address=door.address), door.key("recognise"), f"#/{view}")

    expect(page.get_by_role("heading", name="Who is on your photos?")).to_be_visible()


def test_key_that_only_looks_names_nobody_and_changes_nothing(door: Door, tabs: Tabs) -> None:
    page = enter(tabs(address=door.address), door.key("recognise"))
    page.locator("input[type=file]").first.set_input_files(OBAMA)

    expect(page.locator(".card .name")).to_have_text("Barack Obama", timeout=ENDED)
    assert buttons(page, "Someone else?", "Who is this?") == 0
    page.get_by_role("link", name="Collections").click()
    expect(page.get_by_text("Lowest similarity")).to_be_visible()
    assert buttons(page, "Create", "Save") == 0
    expect(page.get_by_text("Erase it")).to_have_count(0)


def test_key_that_erases_changes_nothing_else(door: Door, tabs: Tabs) -> None:
    page = enter(tabs(address=door.address), door.key("erase"), "#/collections")

    expect(page.get_by_text("Erase it")).to_be_visible()
    assert buttons(page, "Create", "Save") == 0


def test_key_of_other_collections_opens_with_one_of_them(
    service: Service, door: Door, tabs: Tabs
) -> None:
    made = {"collection_id": "desk-7"}
    assert requests.post(f"{service.address}/collections", json=made, timeout=30).ok
    page = enter(tabs(address=door.address), door.key("enrol", collections=["desk-*"]))

    expect(page.get_by_text("Nobody is enrolled yet")).to_be_visible()
    expect(page.locator(".choice select")).to_have_value("desk-7")
    assert page.locator(".choice option").all_inner_texts() == ["desk-7"]


def test_key_of_collections_that_are_not_there_says_what_to_do(door: Door, tabs: Tabs) -> None:
    page = enter(tabs(address=door.address), door.key("enrol", collections=["night-*"]))

    expect(page.get_by_text("none of them exists yet")).to_be_visible()
    page.get_by_label("Id", exact=True).fill("night-1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody is enrolled yet")).to_be_visible()
    expect(page.locator(".choice select")).to_have_value("night-1")


def test_key_ends_with_the_tab_and_at_a_press(door: Door, tabs: Tabs) -> None:
    page = enter(tabs(address=door.address), door.key("recognise"))
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.get_by_role("navigation")).to_be_visible()

    page.get_by_role("button", name="Forget the key").click()

    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0


def test_wrong_key_is_told_and_asked_for_again(door: Door, tabs: Tabs) -> None:
    tab = tabs(address=door.address)
    tab.expected += ["answered 401", "status of 401"]
    page = tab.open()
    page.get_by_label("API key").fill("efr_0")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("does not accept this key")
    expect(page.get_by_label("API key")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_question_for_a_key_is_for_everybody(
    door: Door, tabs: Tabs, width: int, scheme: Scheme
) -> None:
    tab = tabs(address=door.address, width=width, scheme=scheme)
    page = tab.open()
    expect(page.get_by_label("API key")).to_be_visible()

    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()
