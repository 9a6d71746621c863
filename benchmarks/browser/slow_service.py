"""The camera before a service that takes three seconds for each answer."""

from typing import Any, Final

from playwright.sync_api import Browser, Request

from harness.faults.http_proxy import HttpProxy
from harness.localstack import free_port
from harness.page.chromium import new_page
from harness.stack import Stack

DELAY_S: Final = 3.0
MOST_PER_MINUTE: Final = 21


class Counted:
    """Counts frames that are sent, and how many are under way at a time."""

    def __init__(self) -> None:
        self.sent = 0
        self.under_way: set[Request] = set()
        self.most_under_way = 0

    def began(self, request: Request) -> None:
        if request.url.endswith("/faces/match"):
            self.sent += 1
            self.under_way.add(request)
            self.most_under_way = max(self.most_under_way, len(self.under_way))

    def ended(self, request: Request) -> None:
        self.under_way.discard(request)


def slow_service(browser: Browser, stack: Stack, *, seconds: float = 60) -> dict[str, Any]:
    """Look at the camera for a while; count the requests."""
    counted = Counted()
    with (
        HttpProxy(stack.settings.web_port, free_port()) as proxy,
        new_page(browser) as page,
    ):
        page.goto(f"{proxy.address}/#/live")
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".stage .box").wait_for()
        proxy.delay(DELAY_S)
        page.wait_for_timeout(2_000 * DELAY_S)  # what was under way is over
        page.on("request", counted.began)
        page.on("requestfinished", counted.ended)
        page.on("requestfailed", counted.ended)
        page.wait_for_timeout(1_000 * seconds)
    return {
        "delay_s": DELAY_S,
        "seconds": seconds,
        "requests": counted.sent,
        "most_at_a_time": counted.most_under_way,
        "is_proven": 0 < counted.sent <= MOST_PER_MINUTE * seconds / 60
        and counted.most_under_way == 1,
    }
