"""A service that is slow, or goes and comes back, before a page that is open."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, Request, Route, expect

from harness.faults.http_proxy import HttpProxy
from harness.faults.tcp_proxy import TcpProxy
from harness.localstack import free_port
from harness.page.dropping import drop
from harness.page.films import camera_flags, frame_of, write_film
from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.browser import new_tab, running_chromium
from tests.support.photos import SAMPLES, made_photo

DELAY_S = 3.0
LOOKS = 5
DONE = 20
"""Photos that are done before the service goes."""
SEEN = 90_000
"""Milliseconds until something is seen, at most."""
LOOKS_AGAIN_MS = 31_000
"""The longest pause between two looks of a view."""
AWAY = ["net::ERR_"]
"""What a browser says of a service that is not there."""


@pytest.fixture(scope="module")
def filmed(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser that has a person before its camera."""
    photo = SAMPLES / "Barack Obama" / "obama2.jpg"
    film = write_film(tmp_path_factory.mktemp("film") / "film.mjpeg", [frame_of(photo)])
    with running_chromium(playwright, *camera_flags(film)) as browser:
        yield browser


@pytest.fixture
def line(service: Service) -> Iterator[TcpProxy]:
    """Return the only way from the browser to the service."""
    with TcpProxy(service.settings.web_port, free_port()) as proxy:
        yield proxy


def lost(line: TcpProxy) -> None:
    line.refuse(True)
    line.cut()


def test_slow_service_is_asked_for_one_frame_at_a_time(service: Service, filmed: Browser) -> None:
    """The same as `make page-proofs` does, for four answers instead of a minute."""
    most = sent = 0
    under_way: set[Request] = set()

    def began(request: Request) -> None:
        nonlocal most, sent
        if request.url.endswith("/faces/match"):
            sent += 1
            under_way.add(request)
            most = max(most, len(under_way))

    with (
        HttpProxy(service.settings.web_port, free_port()) as proxy,
        new_tab(filmed, address=proxy.address) as tab,
    ):
        page = tab.open("#/live")
        page.get_by_role("button", name="Start the camera").click()
        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)
        proxy.delay(DELAY_S)
        begin_s = time.monotonic()
        page.on("request", began)
        page.on("requestfinished", lambda request: under_way.discard(request))
        page.wait_for_event("request", lambda _: sent == LOOKS, timeout=SEEN)
        took_s = time.monotonic() - begin_s

    assert most == 1
    assert took_s >= (LOOKS - 2) * DELAY_S  # the first may have come before the delay


def test_photos_go_on_by_themselves_when_the_service_is_back(
    line: TcpProxy, tabs: Tabs, tmp_path: Path
) -> None:
    tab = tabs(address=line.address)
    tab.expected += AWAY
    photos = [tmp_path / f"{i}.jpg" for i in range(30)]
    for i, photo in enumerate(photos):
        photo.write_bytes(made_photo(size=(90 + i, 50)))
    page = tab.open()
    let_through = DONE
    held: list[Route] = []

    def hold_the_last(route: Route) -> None:
        nonlocal let_through
        let_through -= 1
        if let_through >= 0:
            route.continue_()
        else:
            held.append(route)

    page.route(f"{line.address}/", hold_the_last)
    drop(page, photos)
    expect(page.locator("progress")).to_have_attribute("value", str(DONE), timeout=SEEN)

    lost(line)
    let_through = 1_000
    for route in held:
        route.continue_()
    expect(page.get_by_text("The service is busy or away")).to_be_visible()
    line.refuse(False)

    expect(page.get_by_text("30 photos done", exact=True)).to_be_visible(timeout=SEEN)
    expect(page.get_by_text("The service is busy or away")).to_be_hidden()


def test_camera_goes_on_by_itself_when_the_service_is_back(line: TcpProxy, filmed: Browser) -> None:
    with new_tab(filmed, address=line.address) as tab:
        tab.expected += AWAY
        page = tab.open("#/live")
        page.get_by_role("button", name="Start the camera").click()
        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)

        lost(line)
        expect(page.get_by_text("The page goes on by itself")).to_be_visible(timeout=SEEN)
        line.refuse(False)

        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)
        expect(page.get_by_text("The page goes on by itself")).to_be_hidden()


@pytest.mark.parametrize("view", ["health", "batches"])
def test_view_looks_again_by_itself(line: TcpProxy, tabs: Tabs, view: str) -> None:
    tab = tabs(address=line.address)
    tab.expected += AWAY
    tab.page.clock.install()
    page = tab.open(f"#/{view}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")

    lost(line)
    page.clock.fast_forward(LOOKS_AGAIN_MS)
    expect(page.get_by_text("service can't be reached").first).to_be_visible(timeout=SEEN)
    line.refuse(False)
    page.clock.fast_forward(LOOKS_AGAIN_MS)

    expect(page.get_by_text("service can't be reached")).to_have_count(0, timeout=SEEN)
