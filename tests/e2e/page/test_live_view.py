"""The camera in the browser: who is in view, and when that is sure."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from tests.e2e.conftest import Service
from tests.support.pages.boxes import overlap
from tests.support.pages.browser import Scheme, Tab, new_tab, running_chromium
from tests.support.pages.films import SIZE, camera_flags, frame_of, jpeg_of, write_film
from tests.support.photos import SAMPLES, shared_folder

OBAMA = SAMPLES / "Barack Obama" / "obama2.jpg"
TWO = Path("images", "examples", "two_people.jpg")
SEEN = 60_000
"""Milliseconds until something is seen, at most; the first match of a service loads its models."""


@contextmanager
def filmed(playwright: Playwright, folder: Path, *frames: Image.Image) -> Iterator[Browser]:
    """Yield a browser whose camera shows a film."""
    film = write_film(folder / "film.mjpeg", frames)
    with running_chromium(playwright, *camera_flags(film)) as browser:
        yield browser


@pytest.fixture(scope="module")
def obama(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser that has a well-known person before its camera."""
    with filmed(playwright, tmp_path_factory.mktemp("film"), frame_of(OBAMA)) as browser:
        yield browser


def failing(name: str) -> str:
    """Return a script after which no camera opens."""
    thrown = f"throw new DOMException('', '{name}')"
    return f"MediaDevices.prototype.getUserMedia = async () => {{ {thrown}; }}"


def start(tab: Tab) -> Page:
    page = tab.open("#/live")
    page.get_by_role("button", name="Start the camera").click()
    return page


def left_as_it_is(tab: Tab) -> None:
    """Expect what a test causes by leaving in the middle of a request."""
    tab.expected.append("net::ERR_ABORTED")


def test_face_is_framed_where_the_service_finds_it(service: Service, obama: Browser) -> None:
    with new_tab(obama, address=service.address) as tab:
        left_as_it_is(tab)
        page = start(tab)
        page.get_by_label("Mirror the picture").uncheck()
        expect(page.locator(".stage .box")).to_contain_text("Barack Obama", timeout=SEEN)
        script = "each => each.getBoundingClientRect().toJSON()"
        box = page.locator(".stage .box").evaluate(script)
        stage = page.locator(".stage").evaluate(script)

    scale = stage["width"] / SIZE[0]
    shown = {
        "left": (box["left"] - stage["left"]) / scale,
        "top": (box["top"] - stage["top"]) / scale,
        "width": box["width"] / scale,
        "height": box["height"] / scale,
    }
    photo = {"image": ("frame.jpg", jpeg_of(frame_of(OBAMA)))}
    answer = requests.post(f"{service.address}/faces/detect", files=photo, timeout=60)
    assert overlap(shown, answer.json()["faces"][0]["box"]) >= 0.7
    assert abs(stage["width"] / stage["height"] - SIZE[0] / SIZE[1]) < 0.01


def test_name_is_confirmed_at_the_fifth_look_and_not_at_the_fourth(
    service: Service, obama: Browser
) -> None:
    with new_tab(obama, address=service.address) as tab:
        left_as_it_is(tab)
        held: list[Route] = []
        allowed = 4
        asked = 0

        def let_pass(route: Route) -> None:
            nonlocal asked
            asked += 1
            if asked > allowed:
                held.append(route)
            else:
                route.continue_()

        tab.page.route("**/faces/match", let_pass)
        page = start(tab)
        wait_for_hold(page, held, 1)
        expect(page.locator(".stage .box")).to_have_attribute("data-state", "maybe")

        held.pop().continue_()
        wait_for_hold(page, held, 1)
        expect(page.locator(".stage .box")).to_have_attribute("data-state", "confirmed")
        assert asked == 6  # one is under way, and no other waits behind it


def wait_for_hold(page: Page, held: list[Route], count: int) -> None:
    """Let the page go on until so many requests are held."""
    for _ in range(SEEN // 100):
        if len(held) >= count:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{len(held)} requests are held, not {count}")


def test_two_people_have_two_names(
    service: Service, playwright: Playwright, tmp_path: Path
) -> None:
    photo = shared_folder("face-recognition-examples") / TWO
    with (
        filmed(playwright, tmp_path, frame_of(photo)) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        left_as_it_is(tab)
        page = start(tab)
        expect(page.locator(".box.confirmed")).to_have_count(2, timeout=SEEN)
        assert set(page.locator(".in-view .name").all_inner_texts()) == {
            "Barack Obama",
            "Joe Biden",
        }


@pytest.mark.parametrize("flaw", ["empty", "dark", "blurry"])
def test_poor_frame_is_not_sent(
    service: Service, playwright: Playwright, tmp_path: Path, flaw: str
) -> None:
    frames = {
        "empty": Image.new("RGB", SIZE, (128, 128, 128)),
        "dark": frame_of(OBAMA).point(lambda value: value // 12),
        "blurry": frame_of(OBAMA).filter(ImageFilter.GaussianBlur(8)),
    }
    with (
        filmed(playwright, tmp_path, frames[flaw]) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        sent: list[str] = []
        tab.page.on("request", lambda request: sent.append(request.method))
        page = start(tab)
        expect(
            page.get_by_text(re.compile(rf"^0 sent, ([6-9]|\d\d+) skipped: {flaw}$"))
        ).to_be_visible(timeout=SEEN)
        assert "POST" not in sent


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("delete Navigator.prototype.mediaDevices", "only over HTTPS"),
        (
            failing("NotAllowedError"),
            "may not use the camera",
        ),
        (
            failing("NotFoundError"),
            "no camera here",
        ),
        (
            failing("NotReadableError"),
            "Another program may be using it",
        ),
    ],
)
def test_page_says_why_there_is_no_camera_and_photos_still_work(
    chromium: Browser, service: Service, script: str, told: str
) -> None:
    with new_tab(chromium, address=service.address) as tab:
        tab.page.add_init_script(script)
        page = start(tab)
        expect(page.get_by_role("alert")).to_contain_text(told)
        page.get_by_role("link", name="Photos").click()
        page.locator("input[type=file]").first.set_input_files(OBAMA)
        expect(page.locator(".card .name")).to_have_text("Barack Obama", timeout=SEEN)


def test_service_that_goes_and_comes_back_is_asked_again(service: Service, obama: Browser) -> None:
    with new_tab(obama, address=service.address) as tab:
        left_as_it_is(tab)
        tab.expected += ["net::ERR_CONNECTION_REFUSED"]
        page = start(tab)
        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)

        page.route("**/faces/match", lambda route: route.abort("connectionrefused"))
        expect(page.get_by_text("The page goes on by itself")).to_be_visible(timeout=SEEN)
        expect(page.locator(".stage .box")).to_have_count(0)
        page.unroute("**/faces/match")

        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)
        expect(page.get_by_text("The page goes on by itself")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_view_is_for_everybody(
    service: Service, obama: Browser, width: int, scheme: Scheme
) -> None:
    with new_tab(obama, address=service.address, width=width, scheme=scheme) as tab:
        left_as_it_is(tab)
        page = start(tab)
        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)
        assert tab.serious_findings() == []
        assert not tab.is_wider_than_the_window()
