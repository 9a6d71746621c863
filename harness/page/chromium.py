"""A real Chromium, tabs of the page, and what these hold."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

Scheme = Literal["light", "dark"]
_POLL_MS: Final = 20
PATIENCE_MS: Final = 120_000
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


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a tab holds once the garbage is gone.

    ``heap_bytes`` are those of the scripts of its page and of its workers, with their buffers.
    The browser's own objects are not counted: Playwright makes it note every request there.
    ``nodes`` are those of documents. ``process_bytes`` is the memory of the tab's process alone,
    garbage and caches included.
    """

    heap_bytes: int
    nodes: int
    process_bytes: int


class Memory:
    """Looks at the memory of the only tab of a browser."""

    def __init__(self, page: Page, browser: Browser) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._browser = browser.new_browser_cdp_session()
        self._workers: list[str] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._session.on("Target.attachedToTarget", self._attached)
        self._session.on("Target.detachedFromTarget", self._detached)
        self._session.on("Target.receivedMessageFromTarget", self._answered)
        wanted = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        self._session.send("Target.setAutoAttach", wanted)

    def look(self) -> Held:
        """Collect the garbage, and return what is left."""
        heaps = []
        for method in ("HeapProfiler.collectGarbage", "Runtime.getHeapUsage"):
            heaps = [self._session.send(method)]
            heaps += [self._ask(worker, method) for worker in list(self._workers)]
        counted = self._session.send("Memory.getDOMCounters")
        return Held(
            heap_bytes=sum(int(heap["usedSize"] + heap["backingStorageSize"]) for heap in heaps),
            nodes=int(counted["nodes"]),
            process_bytes=self._process_bytes(),
        )

    def _process_bytes(self) -> int:
        listed = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        tabs = [each["id"] for each in listed if each["type"] == "renderer"]
        return max(int(psutil.Process(tab).memory_full_info().uss) for tab in tabs)

    def _ask(self, worker: str, method: str) -> dict[str, Any]:
        number = len(self._answers) + 1
        message = json.dumps({"id": number, "method": method})
        self._session.send("Target.sendMessageToTarget", {"sessionId": worker, "message": message})
        while number not in self._answers:
            self._page.wait_for_timeout(_POLL_MS)
        return self._answers[number]

    def _attached(self, event: dict[str, Any]) -> None:
        if event["targetInfo"]["type"] == "worker":
            self._workers.append(event["sessionId"])

    def _detached(self, event: dict[str, Any]) -> None:
        if event["sessionId"] in self._workers:
            self._workers.remove(event["sessionId"])

    def _answered(self, event: dict[str, Any]) -> None:
        answer = json.loads(event["message"])
        if "id" in answer:
            self._answers[answer["id"]] = answer.get("result", {})
