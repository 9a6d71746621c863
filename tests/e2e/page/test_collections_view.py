"""Collections in the browser: made, chosen, explained and erased, by keyboard alone."""

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.browser import Scheme, Tab

ERASED = 60_000
"""Milliseconds until a collection is erased, at most."""


def described(service: Service, collection: str) -> dict[str, Any]:
    answer = requests.get(f"{service.address}/collections/{collection}", timeout=60)
    found: dict[str, Any] = answer.json()
    return found


def test_collection_is_made_chosen_changed_and_erased_by_keyboard_alone(
    service: Service, tab: Tab
) -> None:
    page = tab.open("#/collections")
    page.get_by_label("Id", exact=True).focus()
    page.keyboard.type("staff-1")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="staff-1")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/collections\?collection=staff-1$"))
    expect(page.locator(".choice select")).to_have_value("staff-1")
    page.get_by_label("By how often a stranger").press("Space")
    page.get_by_label("Strangers with a name").fill("2")
    expect(page.get_by_text("1 of 50 strangers may get somebody's name")).to_be_visible()
    page.get_by_label("Keep them, to be sorted out").press("Space")
    expect(page.get_by_text("Strangers have agreed to nothing")).to_be_visible()
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("73.94")
    changed = described(service, "staff-1")
    assert (changed["false_name_rate"], changed["keep_unknown"]) == (0.02, True)

    page.get_by_text("Erase it").press("Enter")
    expect(page.get_by_text("0 people with 0 faces")).to_be_visible()
    expect(page.get_by_role("button", name="Erase the collection")).to_be_disabled()
    page.get_by_label("To go on, type the id").press_sequentially("staff-1")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Nothing of the collection was found")).to_be_visible(timeout=ERASED)
    expect(page.get_by_role("heading", name="staff-1 is erased")).to_be_focused()
    expect(page.locator(".choice select")).to_have_value("default")
    expect(page.get_by_role("link", name="staff-1")).to_have_count(0)
    assert described(service, "staff-1")["code"] == "COLLECTION_NOT_FOUND"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_view_is_for_everybody(tabs: Tabs, width: int, scheme: Scheme) -> None:
    tab = tabs(width=width, scheme=scheme)
    page = tab.open("#/collections")
    expect(page.get_by_text("strangers gets somebody's name by that")).to_be_visible()
    page.get_by_text("Export it").click()
    page.get_by_text("Erase it").click()
    page.get_by_label("By the lowest similarity").check()
    expect(page.get_by_text("efr export default.parquet --collection default")).to_be_visible()

    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()
