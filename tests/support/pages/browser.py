"""A real Chromium, and tabs that hold what went wrong in them against the test."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, Response

from tests.support.missing import missing
from tests.support.photos import ROOT

WITHOUT: Final = "WITHOUT_CHROMIUM"
"""Set by .ci/run where Chromium can't be installed."""
WITHOUT_NPM: Final = "WITHOUT_NPM"
"""Set by .ci/run where there is no npm that can install axe."""
AXE: Final = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
_REPORT: Final = (
    "addEventListener('securitypolicyviolation', event =>"
    " console.error(`policy refused ${event.violatedDirective} ${event.blockedURI}`))"
)
_FINDINGS: Final = """async () => {
  const { violations } = await axe.run();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}"""

Scheme = Literal["light", "dark"]


@contextmanager
def running_chromium(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """Yield Debian's Chromium."""
    binary = shutil.which("chromium")
    if binary is None:
        missing("Chromium is not installed: apt-get install chromium", WITHOUT)
    arguments = [*flags, "--no-sandbox"] if os.geteuid() == 0 else list(flags)
    browser = playwright.chromium.launch(executable_path=binary, args=arguments)
    try:
        yield browser
    finally:
        browser.close()


@dataclass(kw_only=True)
class Tab:
    """A page of the service in a browser, and all that was wrong with it.

    ``expected`` are parts of texts that a test provokes.
    """

    page: Page
    address: str
    expected: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, place: str = "") -> Page:
        self.page.goto(f"{self.address}/{place}")
        return self.page

    def listen(self) -> None:
        """Write down from now on what the browser complains of."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_failure)
        self.page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text} {_place(message)}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", "blob:", "data:")):
            self.problems.append(f"other origin: {request.url}")

    def _on_failure(self, request: Request) -> None:
        # Whoever reloads, leaves or closes a page ends the requests that are under way.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.method} {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"answered {response.status}: {response.url}")

    def unexpected(self) -> list[str]:
        return [
            problem
            for problem in self.problems
            if not any(expected in problem for expected in self.expected)
        ]

    def serious_findings(self) -> list[str]:
        """Return what axe calls serious or critical."""
        if not AXE.is_file():
            missing(f"{AXE} is not there: make page", WITHOUT_NPM)
        self.page.evaluate(AXE.read_text())
        found: list[str] = self.page.evaluate(_FINDINGS)
        return found

    def is_wider_than_the_window(self) -> bool:
        script = "document.documentElement.scrollWidth > innerWidth"
        return bool(self.page.evaluate(script))


@contextmanager
def new_tab(
    browser: Browser,
    *,
    address: str,
    width: int = 1280,
    scheme: Scheme = "light",
    permissions: Sequence[str] = (),
) -> Iterator[Tab]:
    """Yield a tab of its own; fails at the end if the browser complained of anything.

    Console errors, failed requests, reports of the content security policy and requests to
    another origin are all held against the test.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        permissions=list(permissions),
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    context.add_init_script(_REPORT)
    tab = Tab(page=context.new_page(), address=address)
    tab.listen()
    try:
        yield tab
    finally:
        context.close()
    assert not tab.unexpected(), tab.unexpected()


def _place(message: ConsoleMessage) -> str:
    location: Any = message.location
    return str(location.get("url", ""))
