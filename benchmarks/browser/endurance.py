"""What a tab holds after minutes of one view."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Final

from playwright.sync_api import Browser, Page

from harness.page.chromium import PATIENCE_MS, Memory, new_page
from harness.stack import Stack

EVERY_S: Final = 10.0
MOST_GROWTH: Final = 0.1
"""By how much the heap of the last fifth may be larger than that of the second one.

The browser compiles scripts that run often, and lists up to 250 requests: about 0.3 MB.
"""
_PARTS: Final = 5
_COUNT_ADDRESSES: Final = """
  globalThis.openAddresses = 0;
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (object) => ((openAddresses += 1), createObjectURL.call(URL, object));
  URL.revokeObjectURL = (url) => ((openAddresses -= 1), revokeObjectURL.call(URL, url));
"""
"""Each address of a blob keeps its picture until it is taken back."""


def live(browser: Browser, stack: Stack, *, minutes: float) -> dict[str, Any]:
    """Hold faces into the camera."""
    with new_page(browser) as page:
        page.add_init_script(_COUNT_ADDRESSES)
        page.goto(f"{stack.address}/#/live")
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".stage .box").wait_for()
        memory = Memory(page, browser)
        return _watched(page, memory, lambda: page.wait_for_timeout(1_000 * EVERY_S), minutes)


def photos(
    browser: Browser, stack: Stack, files: Sequence[Path], *, minutes: float
) -> dict[str, Any]:
    """Choose photos, wait until they are done, and remove them, again and again."""
    rounds = 0

    def round_of_photos() -> None:
        nonlocal rounds
        rounds += 1
        page.locator("input[type=file]").first.set_input_files(list(files))
        done = page.get_by_text(f"{len(files)} photos done", exact=True)
        done.wait_for(timeout=PATIENCE_MS)
        page.get_by_role("button", name="Remove all").click()

    with new_page(browser) as page:
        page.add_init_script(_COUNT_ADDRESSES)
        page.goto(f"{stack.address}/")
        watched = _watched(page, Memory(page, browser), round_of_photos, minutes)
    return {"photos_per_round": len(files), "rounds": rounds, **watched}


def _watched(
    page: Page, memory: Memory, step: Callable[[], None], minutes: float
) -> dict[str, Any]:
    began_s = time.monotonic()
    seen: list[dict[str, float]] = []
    while time.monotonic() - began_s < 60 * minutes or len(seen) < _PARTS:
        step()
        held = memory.look()
        addresses = page.evaluate("openAddresses")
        seen.append(
            {
                "at_s": round(time.monotonic() - began_s, 1),
                "heap_mb": round(held.heap_bytes / 1e6, 3),
                "nodes": held.nodes,
                "process_mb": round(held.process_bytes / 1e6),
                "open_addresses": addresses,
            }
        )
    return {"minutes": minutes, **judged(seen), "looks": seen}


def judged(seen: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Compare the last fifth of the looks with the second one; before it the page settles."""
    part = len(seen) // _PARTS
    early, late = seen[part : 2 * part], seen[-part:]
    # The least, since a frame on its way between page and detector is no leak.
    heap = [min(look["heap_mb"] for look in looks) for looks in (early, late)]
    nodes = [mean(look["nodes"] for look in looks) for looks in (early, late)]
    addresses = [max(look["open_addresses"] for look in looks) for looks in (early, late)]
    process = [mean(look["process_mb"] for look in looks) for looks in (early, late)]
    growth = heap[1] / heap[0] - 1
    return {
        "heap_mb": [round(each, 2) for each in heap],
        "growth_percent": round(100 * growth, 1),
        "nodes": [round(each) for each in nodes],
        "open_addresses": addresses,
        "process_mb": [round(each) for each in process],
        "is_proven": growth <= MOST_GROWTH and addresses[1] <= addresses[0],
    }
