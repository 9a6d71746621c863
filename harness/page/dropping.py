"""Files that a visitor drags over the page and lets go of."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page


def drop(page: Page, files: Sequence[Path]) -> None:
    """Let go of files over the page, as a visitor does who dragged them from a folder."""
    box = page.locator(".drop").bounding_box()
    if box is None:
        raise LookupError("there is no place to drop photos")
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    held = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": event, **where, "data": held})
    session.detach()
