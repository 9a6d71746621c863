"""A real Chromium and tabs of the page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

Scheme = Literal["light", "dark"]
PATIENCE_MS = 120_000
"""How long to wait for what a busy machine does late."""


@contextmanager
def running_chromium(*flags: str) -> Iterator[Browser]:
    """Yield Debian's Chromium.

    Raises
    ------
    FileNotFoundError
        If it is not installed.
    """
    binary = shutil.which("chromium")
    if binary is None:
        raise FileNotFoundError("Chromium is not installed: apt-get install chromium")
    arguments = [*flags, "--no-sandbox"] if os.geteuid() == 0 else list(flags)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(
    browser: Browser, *, width: int = 1280, height: int = 900, scheme: Scheme = "light"
) -> Iterator[Page]:
    """Yield a tab that has nothing of any other."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()
