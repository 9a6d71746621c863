"""Strangers in the browser: named, ignored and taken back by keyboard alone."""

from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Page, expect

from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.browser import Scheme, Tab
from tests.support.photos import sample

OBAMA, BIDEN = "Barack Obama", "Joe Biden"
KNOWN = "<img src=x onerror=alert(1)> \u05d3\u05e0\u05d4"
"""Whom the groups' faces are like."""
NEVER = 100
"""A threshold that nobody reaches, so that a known face is unknown and its person suggested."""
ENDED_S = 90


def call(service: Service, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{service.address}{path}", timeout=60, **more)


def sizes(service: Service, collection: str, query: str = "") -> list[int]:
    answer = call(service, "GET", f"/collections/{collection}/groups{query}").json()
    return [group["size"] for group in answer["groups"]]


def with_strangers(service: Service, collection: str) -> None:
    """Make a collection with a person, two faces that are like theirs, and one of a stranger."""
    made = {"collection_id": collection, "threshold": NEVER, "keep_unknown": True}
    assert call(service, "POST", "/collections", json=made).status_code == 201
    photo = {"image": ("obama.jpg", sample(f"{OBAMA}/obama.jpg"))}
    about = {"collection_id": collection, "image_id": "obama-1", "person": KNOWN}
    job = call(service, "POST", "/faces/index", files=photo, data=about).json()["job_id"]
    for name in (f"{OBAMA}/obama2.jpg", f"{OBAMA}/obama3.jpg", f"{BIDEN}/biden.jpg"):
        call(
            service,
            "POST",
            "/",
            files={"inputFile": ("photo.jpg", sample(name))},
            data={"collection_id": collection},
        )
    wait_until(
        lambda: call(service, "GET", f"/status/{job}").json()["status"] == "done",
        seconds=ENDED_S,
        what="the person to be enrolled",
    )
    wait_until(
        lambda: sizes(service, collection) == [2, 1], seconds=ENDED_S, what="strangers in groups"
    )


@pytest.fixture(scope="module")
def door(service: Service) -> str:
    """Return a collection whose groups no test changes."""
    with_strangers(service, "door")
    return "door"


def opened(tab: Tab, collection: str) -> Page:
    page = tab.open(f"#/unknown?collection={collection}")
    expect(page.locator(".group")).to_have_count(2)
    expect(page.locator(".group .portrait img")).to_have_count(4)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_groups_are_shown_to_everybody(tabs: Tabs, door: str, width: int, scheme: Scheme) -> None:
    tab = tabs(width=width, scheme=scheme)
    page = opened(tab, door)

    expect(page.locator(".group").first).to_contain_text(f"2 faces · maybe {KNOWN}")
    assert page.locator("img[src=x]").count() == 0
    page.locator(".group .check").first.click()
    page.locator(".crop-choice").first.click()
    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()


FOCUS_WHEN_A_CARD_GOES = """() => new MutationObserver((_, observer) => {
  window.focusThen = document.activeElement.className;
  observer.disconnect();
}).observe(document.querySelector(".groups"), { childList: true })"""


def test_next_card_has_the_focus_as_soon_as_one_goes(tab: Tab, door: str) -> None:
    page = opened(tab, door)
    page.locator(".group").first.focus()
    page.evaluate(FOCUS_WHEN_A_CARD_GOES)

    page.keyboard.press("i")
    expect(page.locator(".group")).to_have_count(1)

    assert page.evaluate("window.focusThen") == "group card"
    page.keyboard.press("u")
    expect(page.locator(".group")).to_have_count(2)


def test_focus_comes_back_to_the_last_card(tab: Tab, door: str) -> None:
    page = opened(tab, door)
    page.locator(".group").first.focus()
    page.keyboard.press("i")
    page.keyboard.press("i")
    expect(page.get_by_text("Nobody is unknown here")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.locator(".group")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator(".group")).to_have_count(2)


def test_decision_is_undone_before_the_service_knows(service: Service, tab: Tab, door: str) -> None:
    page = opened(tab, door)
    page.locator(".group").first.focus()

    page.keyboard.press("i")
    expect(page.locator(".group")).to_have_count(1)
    expect(page.locator(".undo")).to_contain_text("2 faces ignored")
    page.keyboard.press("u")

    expect(page.locator(".group")).to_have_count(2)
    expect(page.locator(".group").first).to_be_focused()
    assert sizes(service, door) == [2, 1]


def test_groups_are_named_and_ignored_by_keyboard_alone(service: Service, tab: Tab) -> None:
    with_strangers(service, "gate")
    page = opened(tab, "gate")
    page.locator(".group").first.focus()
    page.keyboard.press("Tab")  # the box that selects
    page.keyboard.press("Tab")  # the first face
    page.keyboard.press("Enter")
    expect(page.get_by_text("left out")).to_be_visible()
    page.locator(".group").first.focus()

    page.keyboard.press("Enter")
    expect(page.locator(".undo")).to_contain_text(f"1 face becomes {KNOWN}")
    expect(page.locator(".group")).to_be_focused()
    page.keyboard.press("i")
    expect(page.get_by_text("Nobody is unknown here")).to_be_visible()
    page.get_by_role("link", name="Photos").press("Enter")  # whoever leaves has decided

    path = f"/collections/gate/persons/{quote(KNOWN, safe='')}"
    wait_until(
        lambda: len(call(service, "GET", path).json()["faces"]) == 2,
        seconds=ENDED_S,
        what="the face to be theirs",
    )
    wait_until(
        lambda: (sizes(service, "gate"), sizes(service, "gate", "?ignored=true")) == ([1], [1]),
        seconds=ENDED_S,
        what="the face that was left out to come again, and the other group to be ignored",
    )
    page.get_by_role("link", name="Unknown").press("Enter")
    page.get_by_role("button", name="Ignored").press("Enter")
    page.get_by_role("button", name="Sort out again").press("Enter")
    expect(page.get_by_text("1 group is to sort out again")).to_be_visible()
    assert sizes(service, "gate") == [1, 1]
