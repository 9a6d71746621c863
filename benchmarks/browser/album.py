"""A thousand photos are dropped, and the page is loaded again in the middle of them."""

import time
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, Page

from core.aws.clients import s3_client
from core.settings import Settings
from harness.page.chromium import new_page
from harness.page.dropping import drop
from harness.stack import Stack

_PATIENCE_MS: Final = 1_800_000


def made_photos(folder: Path, count: int) -> list[Path]:
    """Make small photos without faces; no two are the same."""
    folder.mkdir(parents=True)
    photos = [folder / f"{number:04}.jpg" for number in range(count)]
    for number, photo in enumerate(photos):
        colour = (number % 256, number // 256 * 40, 90)
        Image.new("RGB", (64, 48), colour).save(photo, "JPEG")
    return photos


def interrupted_album(
    browser: Browser, stack: Stack, folder: Path, *, count: int
) -> dict[str, Any]:
    """Drop photos, load the page again at the half, drop them again; count what came of it."""
    photos = made_photos(folder / "photos", count)
    jobs: set[str] = set()
    with new_page(browser) as page:
        page.on("request", lambda asked: jobs.add(asked.headers.get("idempotency-key", "")))
        page.goto(f"{stack.address}/")
        began_s = time.monotonic()
        drop(page, photos)
        while _ended(page) < count // 2:
            page.wait_for_timeout(100)
        page.reload()
        page.get_by_text("Choose the same photos").wait_for()
        drop(page, photos)
        page.get_by_text(f"{count:,} photos done", exact=True).wait_for(timeout=_PATIENCE_MS)
        wall_s = time.monotonic() - began_s
    results = _objects(stack.settings)
    return {
        "photos": count,
        "sent_under_keys": len(jobs - {""}),
        "results": results,
        "seconds": round(wall_s, 1),
        "is_proven": results == count == len(jobs - {""}),
    }


def _ended(page: Page) -> int:
    return int(page.evaluate("document.querySelector('progress')?.value ?? 0"))


def _objects(settings: Settings) -> int:
    pages = s3_client(settings).get_paginator("list_objects_v2")
    listed = pages.paginate(Bucket=settings.s3_out_bucket)
    return sum(int(page["KeyCount"]) for page in listed)
