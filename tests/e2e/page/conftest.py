"""The page in a real browser, before the running service."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.conftest import Service
from tests.support.pages.browser import Tab, new_tab, running_chromium

Tabs = Callable[..., Tab]

expect.set_options(timeout=30_000)  # the first answers of a service take a while on a busy machine


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Return Playwright, for one file: while it runs, no other test may run an event loop."""
    with sync_playwright() as running:
        yield running
    with warnings.catch_warnings():  # of its driver's process, for which it does not wait
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with running_chromium(playwright) as browser:
        yield browser


@pytest.fixture
def tabs(chromium: Browser, service: Service) -> Iterator[Tabs]:
    """Return a function that opens tabs of the running service."""
    with ExitStack() as opened:
        yield lambda **more: opened.enter_context(
            new_tab(chromium, **{"address": service.address, **more})
        )


@pytest.fixture
def tab(tabs: Tabs) -> Tab:
    return tabs()
