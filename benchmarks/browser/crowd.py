"""Five thousand people in the page: how soon they are there, and how smoothly they scroll."""

import io
import uuid
from typing import Any, Final

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.faces.results import Model
from core.ports import EnrolledFace
from harness.page.chromium import new_page
from harness.stack import Stack

COLLECTION: Final = "crowd"
LONGEST_TASK_MS: Final = 200
USABLE_MS: Final = 1_000
_STEP_PX: Final = 600
_STEP_MS: Final = 50
_WATCH: Final = """
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    longTasks.push(...list.getEntries().map((each) => each.duration));
  }).observe({ type: "longtask", buffered: true });
  new MutationObserver((_, observer) => {
    if (!document.querySelector("a.person")) return;
    globalThis.usableAt = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
"""


def enrol_crowd(stack: Stack, count: int) -> None:
    """Put made-up people into a collection of their own."""
    shared = Shared(stack.settings, Infrastructure.on_aws(stack.settings))
    model = Model(name="made-up", version="1")
    made = shared.collections.create(COLLECTION)
    gallery = shared.collections.bind(made, model, length=128).gallery_id
    random = np.random.default_rng(1)
    faces = [
        EnrolledFace(
            face_id=str(uuid.uuid4()),
            person=f"Person {number:04}",
            image_id=f"{number}.jpg",
            embedding=random.standard_normal(128).astype(np.float32),
        )
        for number in range(count)
    ]
    shared.index.put(gallery, faces)
    shared.index.close()


def crowd(browser: Browser, stack: Stack, *, people: int) -> dict[str, Any]:
    """Open the people and scroll to the last of them."""
    with new_page(browser) as page:
        page.add_init_script(_WATCH)
        # These people have no pictures; each gets one, so that pictures are drawn as well.
        page.route("**/image", _answered)
        address = f"{stack.address}/#/people?collection={COLLECTION}"
        page.goto(address)
        page.locator("a.person").first.wait_for()
        page.reload()  # the service has read the gallery
        page.locator("a.person").first.wait_for()
        usable_ms = page.evaluate("usableAt")
        page.wait_for_timeout(1_000)
        page.evaluate("longTasks.length = 0")
        drawn = _scroll_to(page, f"Person {people - 1:04}")
        tasks = page.evaluate("longTasks")
    return {
        "people": people,
        "usable_ms": round(usable_ms),
        "most_people_drawn": drawn,
        "long_tasks": len(tasks),
        "longest_task_ms": round(max(tasks, default=0)),
        "is_proven": usable_ms <= USABLE_MS and max(tasks, default=0) <= LONGEST_TASK_MS,
    }


def _answered(route: Route) -> None:
    route.fulfill(body=_PICTURE, content_type="image/jpeg")


def _scroll_to(page: Page, name: str) -> int:
    most = 0
    page.mouse.move(640, 600)
    while not page.locator("a.person", has_text=name).count():
        page.mouse.wheel(0, _STEP_PX)
        page.wait_for_timeout(_STEP_MS)
        most = max(most, page.locator("a.person").count())
    return most


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((160, 160)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


_PICTURE: Final = _picture()
