"""The camera in the browser: who is in view, and when that is sure."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from core.faces.models.model_files import YUNET
from harness.page.films import SIZE, camera_flags, frame_of, jpeg_of, write_film
from tests.e2e.conftest import Service
from tests.support.models import models_dir
from tests.support.pages.boxes import overlap
from tests.support.pages.browser import Scheme, Tab, new_tab, running_chromium
from tests.support.photos import SAMPLES, shared_folder

OBAMA = SAMPLES / "Barack Obama" / "obama2.jpg"
BIDEN = SAMPLES / "Joe Biden" / "biden.jpg"
OBAMAS_HEAD = (100, 0, 550, 600)
BIDENS_HEAD = (270, 0, 870, 800)
TWO = Path("images", "examples", "two_people.jpg")
BIDENS_LEGS = (0, 1000, 970, 2204)
BOTH_HEADS = (160, 0, 960, 600)
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


FAKE_CAMERA = "--use-fake-device-for-media-stream"
"""A camera, which no page may use unless it is allowed."""
BUSY = """MediaDevices.prototype.getUserMedia = async () => {
  throw new DOMException("", "NotReadableError");
}"""
FIND = """async (jpeg) => {
  const bytes = Uint8Array.from(atob(jpeg), (each) => each.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const worker = new Worker("page/detector.js", { type: "module" });
  return new Promise((resolve) => {
    worker.onmessage = ({ data: answer }) => {
      if (answer.state === "ready") worker.postMessage({ pixels: { data, width, height } });
      else resolve(answer);
    };
  });
}"""
"""Looks for faces with the page's own detector, in the browser."""


@pytest.fixture(autouse=True, scope="module")
def _with_yunet() -> None:
    if not (models_dir() / YUNET).is_file():
        pytest.skip("YuNet is not at hand, so the service finds the faces")


def detected(service: Service, photo: bytes) -> list[dict[str, float]]:
    """Return the boxes that the service finds."""
    files = {"image": ("frame.jpg", photo)}
    answer = requests.post(f"{service.address}/faces/detect", files=files, timeout=60)
    return [face["box"] for face in answer.json()["faces"]]


def start(tab: Tab) -> Page:
    page = tab.open("#/live")
    page.get_by_role("button", name="Start the camera").click()
    return page


def test_face_is_framed_where_the_service_finds_it(service: Service, obama: Browser) -> None:
    with new_tab(obama, address=service.address) as tab:
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
    assert overlap(shown, detected(service, jpeg_of(frame_of(OBAMA)))[0]) >= 0.7
    assert abs(stage["width"] / stage["height"] - SIZE[0] / SIZE[1]) < 0.01


def test_name_is_confirmed_at_the_fifth_look_and_not_at_the_fourth(
    service: Service, obama: Browser
) -> None:
    with new_tab(obama, address=service.address) as tab:
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
        filmed(playwright, tmp_path, frame_of(photo, part=BOTH_HEADS)) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        page = start(tab)
        expect(page.locator(".box.confirmed")).to_have_count(2, timeout=SEEN)
        assert set(page.locator(".in-view .name").all_inner_texts()) == {
            "Barack Obama",
            "Joe Biden",
        }


def test_name_of_who_was_there_before_is_never_on_the_next(
    service: Service, playwright: Playwright, tmp_path: Path
) -> None:
    first, second = frame_of(OBAMA, part=OBAMAS_HEAD), frame_of(BIDEN, part=BIDENS_HEAD)
    with (
        filmed(playwright, tmp_path, *[first] * 4, *[second] * 16) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        page = start(tab)
        page.locator(".stage").wait_for()
        page.evaluate(WATCH)
        expect(page.locator(".stage .box")).to_contain_text("Barack Obama", timeout=SEEN)
        expect(page.locator(".box.confirmed")).to_contain_text("Joe Biden", timeout=SEEN)
        page.wait_for_timeout(1_500)
        seen = page.evaluate("watched")

    answered = ""
    told = []
    for kind, text in seen:
        if kind == "answer":
            answered = text
        elif answered == "Joe Biden":
            told.append(text)
    assert told
    assert not [text for text in told if "Obama" in text]


WATCH = """() => {
  window.watched = [];
  const plain = window.fetch;
  window.fetch = async (...given) => {
    const answer = await plain(...given);
    if (String(given[0]).endsWith("faces/match")) {
      const { faces } = await answer.clone().json();
      watched.push(["answer", faces[0]?.matches[0]?.person ?? ""]);
    }
    return answer;
  };
  new MutationObserver(() => {
    watched.push(["shown", document.querySelector(".stage .box")?.textContent ?? ""]);
  }).observe(document.querySelector(".stage"), {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}"""
"""Notes who is the first in each answer, and what the first box says whenever that changes."""


def test_poor_frames_are_not_sent(service: Service, playwright: Playwright, tmp_path: Path) -> None:
    good = frame_of(OBAMA)
    empty = Image.new("RGB", SIZE, (128, 128, 128))
    nobody = frame_of(BIDEN, part=BIDENS_LEGS)
    dark = good.point(lambda value: value // 12)
    blurred = good.filter(ImageFilter.GaussianBlur(8))
    small = frame_of(OBAMA, size=(200, 150))
    with (
        filmed(playwright, tmp_path, empty, nobody, dark, blurred, small) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        sent: list[str] = []
        tab.page.on("request", lambda request: sent.append(request.method))
        page = start(tab)
        counts = page.get_by_text(re.compile(r"\d+ sent, "))
        for told in ("no face", "too dark", "blurry", "too small"):
            expect(counts).to_contain_text(told, timeout=SEEN)
        # The whole film was seen once more.
        expect(counts).to_contain_text(
            re.compile(r"^0 sent, (1[5-9]|[2-9]\d) skipped"), timeout=SEEN
        )
        assert "POST" not in sent


def test_who_looks_may_send_smaller_faces(
    service: Service, playwright: Playwright, tmp_path: Path
) -> None:
    with (
        filmed(playwright, tmp_path, frame_of(OBAMA, size=(320, 300))) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        page = start(tab)
        expect(page.get_by_text("skipped: too small")).to_be_visible(timeout=SEEN)
        page.get_by_text("Which frames are sent").click()
        page.get_by_label("Smallest face, in pixels").fill("40")
        expect(page.locator(".stage .box")).to_contain_text("Barack Obama", timeout=SEEN)


@pytest.mark.parametrize("size", [SIZE, (320, 240)])
def test_page_finds_faces_where_the_service_finds_them(
    service: Service, chromium: Browser, size: tuple[int, int]
) -> None:
    photo = shared_folder("face-recognition-examples") / TWO
    frame = frame_of(photo).resize(size)
    with new_tab(chromium, address=service.address) as tab:
        page = tab.open()
        answer = page.evaluate(FIND, base64.b64encode(jpeg_of(frame)).decode())

    found = [face["box"] for face in answer["faces"]]
    expected = detected(service, jpeg_of(frame))
    assert len(found) == len(expected) == 2
    for box in expected:
        assert max(overlap(box, other) for other in found) >= 0.7


def test_detector_is_loaded_only_when_the_camera_is_on(service: Service, obama: Browser) -> None:
    with new_tab(obama, address=service.address) as tab:
        asked: list[str] = []
        tab.page.on("request", lambda request: asked.append(request.url))
        page = tab.open()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.get_by_role("link", name="Live").click()
        expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
        assert not [url for url in asked if "detector" in url]

        page.get_by_role("button", name="Start the camera").click()
        expect(page.get_by_text("The page looks for faces itself")).to_be_visible(timeout=SEEN)


def test_service_finds_the_faces_where_it_has_no_weights_for_the_page(
    service: Service, obama: Browser
) -> None:
    with new_tab(obama, address=service.address) as tab:
        tab.expected += ["answered 404", "status of 404"]
        tab.page.route("**/page/detector.onnx", lambda route: route.fulfill(status=404))
        page = start(tab)
        expect(page.get_by_text("The service finds the faces")).to_be_visible(timeout=SEEN)
        expect(page.locator(".stage .box")).to_contain_text("Barack Obama", timeout=SEEN)


def test_plain_http_of_another_host_says_that_https_is_needed(
    service: Service, chromium: Browser
) -> None:
    elsewhere = "http://faces.example"
    with new_tab(chromium, address=elsewhere) as tab:

        def answer(route: Route) -> None:
            url = route.request.url.replace(elsewhere, service.address)
            route.fulfill(response=route.fetch(url=url))

        tab.page.route(f"{elsewhere}/**", answer)
        page = start(tab)
        expect(page.get_by_role("alert")).to_contain_text("only over HTTPS")
        page.wait_for_load_state("networkidle")
        page.unroute_all(behavior="wait")


@pytest.mark.parametrize(
    ("flag", "script", "told"),
    [
        (FAKE_CAMERA, "delete Navigator.prototype.mediaDevices", "only over HTTPS"),
        (FAKE_CAMERA, "", "may not use the camera"),
        (f"{FAKE_CAMERA}=device-count=0", "", "no camera here"),
        (FAKE_CAMERA, BUSY, "Another program may be using it"),
    ],
    ids=["insecure", "refused", "none", "busy"],
)
def test_page_says_why_there_is_no_camera_and_photos_still_work(
    playwright: Playwright, service: Service, flag: str, script: str, told: str
) -> None:
    with (
        running_chromium(playwright, flag) as browser,
        new_tab(browser, address=service.address) as tab,
    ):
        tab.page.add_init_script(script)
        page = start(tab)
        expect(page.get_by_role("alert")).to_contain_text(told)
        page.get_by_role("link", name="Photos").click()
        page.locator("input[type=file]").first.set_input_files(OBAMA)
        expect(page.locator(".card .name")).to_have_text("Barack Obama", timeout=SEEN)


def test_service_that_goes_and_comes_back_is_asked_again(service: Service, obama: Browser) -> None:
    with new_tab(obama, address=service.address) as tab:
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
        page = start(tab)
        expect(page.locator(".stage .box")).to_be_visible(timeout=SEEN)
        page.get_by_text("Which frames are sent").click()
        assert tab.serious_findings() == []
        assert not tab.is_wider_than_the_window()
