"""Photos in the browser: every face gets its box and its name."""

import re
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.pages.boxes import overlap
from tests.support.pages.browser import Scheme, Tab
from tests.support.photos import SAMPLES, made_photo, shared_folder

OBAMA = SAMPLES / "Barack Obama" / "obama2.jpg"
BIDEN = SAMPLES / "Joe Biden" / "biden.jpg"
ENDED = 90_000
"""Milliseconds until the first worker of a service has recognised a photo, at most."""


def choose(page: Page, *files: Path | dict[str, Any]) -> None:
    page.locator("input[type=file]").first.set_input_files(list(files))  # type: ignore[arg-type]


def drawn(page: Page) -> tuple[dict[str, float], dict[str, float]]:
    """Return where the box and its picture are on the screen."""
    script = "each => each.getBoundingClientRect().toJSON()"
    return (page.locator(".box").evaluate(script), page.locator(".frame").evaluate(script))


def test_person_is_named_and_the_box_is_on_the_face(service: Service, tab: Tab) -> None:
    page = tab.open()

    choose(page, OBAMA)

    expect(page.locator(".card .name")).to_have_text("Barack Obama", timeout=ENDED)
    expect(page.get_by_text("1 photo done")).to_be_visible()
    result = service.result_of(OBAMA.read_bytes())
    box, frame = drawn(page)
    scale = frame["width"] / result["image"]["width"]
    shown = {
        "left": (box["left"] - frame["left"]) / scale,
        "top": (box["top"] - frame["top"]) / scale,
        "width": box["width"] / scale,
        "height": box["height"] / scale,
    }
    assert overlap(shown, result["faces"][0]["box"]) > 0.9


def test_box_leads_to_the_person_by_keyboard_too(tab: Tab) -> None:
    page = tab.open()
    choose(page, OBAMA)
    box = page.get_by_role("link", name="Barack Obama")
    expect(box).to_have_class(re.compile("box"), timeout=ENDED)

    while not box.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Barack Obama")
    assert "Obama" not in page.url


def test_two_people_have_two_names(tab: Tab) -> None:
    examples = shared_folder("face-recognition-examples") / "images" / "examples"
    page = tab.open()

    choose(page, examples / "two_people.jpg")

    expect(page.locator(".card .name")).to_have_count(2, timeout=ENDED)
    assert set(page.locator(".card .name").all_inner_texts()) == {"Barack Obama", "Joe Biden"}


def test_heic_that_the_browser_cannot_draw_has_its_box(tab: Tab, tmp_path: Path) -> None:
    with Image.open(OBAMA) as image:
        pillow_heif.from_pillow(image).save(tmp_path / "obama.heic")
    page = tab.open()

    choose(page, tmp_path / "obama.heic")

    expect(page.locator(".card .name")).to_have_text("Barack Obama", timeout=ENDED)
    expect(page.get_by_text("can't draw this kind")).to_be_visible()
    expect(page.locator(".box")).to_be_visible()


def test_failures_are_told_by_reason_and_can_be_tried_again(tab: Tab) -> None:
    damaged = bytearray(made_photo("PNG", size=(300, 300)))
    damaged[len(damaged) // 2] ^= 0xFF
    files: list[dict[str, Any]] = [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": content}
        for name, content in (("damaged", bytes(damaged)), ("none", b""), ("text", b"text"))
    ]
    tab.expected += ["answered 400", "status of 400"]
    page = tab.open()

    choose(page, *files, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})

    expect(page.get_by_text("1 file left out")).to_be_visible()
    expect(page.get_by_text("3 photos done")).to_be_visible(timeout=ENDED)
    expect(page.locator(".failures summary")).to_have_count(3)
    expect(page.get_by_text("1 photo: the file is damaged")).to_be_visible()
    page.locator(".failures li", has_text="damaged").get_by_role("button").click()
    expect(page.get_by_text("3 photos done")).to_be_visible(timeout=ENDED)
    expect(page.get_by_text("1 photo: the file is damaged")).to_be_visible()


def test_four_photos_are_under_way_at_most(tab: Tab) -> None:
    under_way, most = 0, 0
    page = tab.open()

    def began(request: Any) -> None:
        nonlocal under_way, most
        if request.method == "POST":
            under_way += 1
            most = max(most, under_way)

    def ended(request: Any) -> None:
        nonlocal under_way
        under_way -= request.method == "POST"

    page.on("request", began)
    page.on("requestfinished", ended)
    photos: list[dict[str, Any]] = [
        {"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": made_photo(size=(64 + i, 48))}
        for i in range(12)
    ]
    choose(page, *photos)

    expect(page.get_by_text("12 photos done")).to_be_visible(timeout=ENDED)
    assert most == 4


def test_photos_are_all_there_once_after_a_reload(
    new_service: Service, tabs: Tabs, tmp_path: Path
) -> None:
    photos = [tmp_path / f"{i}.jpg" for i in range(60)]
    for i, photo in enumerate(photos):
        photo.write_bytes(made_photo(size=(64 + i, 48)))
    tab = tabs(address=new_service.address)
    page = tab.open()
    choose(page, *photos)
    progress = page.locator("progress")
    expect(progress).to_have_attribute("value", re.compile(r"^[23]\d$"), timeout=ENDED)

    page.reload()

    expect(page.get_by_text("Choose the same photos")).to_be_visible()
    choose(page, *photos)
    expect(page.get_by_text("60 photos done")).to_be_visible(timeout=ENDED)
    assert new_service.counts.objects(new_service.settings.s3_out_bucket) == 60


def test_stranger_is_enrolled_from_the_photo_then_known_and_rejected_again(
    new_service: Service, tabs: Tabs
) -> None:
    odd = "<img src=x onerror=alert(1)> \u05d3\u05e0\u05d4"
    stranger = (
        shared_folder("face-recognition-examples")
        / "images"
        / "examples"
        / "lin-manuel-miranda.png"
    )
    page = tabs(address=new_service.address).open("#/photos?collection=default")
    choose(page, stranger)
    expect(page.get_by_text("Face 1: Unknown")).to_be_visible(timeout=ENDED)

    page.get_by_role("button", name="Who is this?").click()
    page.get_by_placeholder("Name").fill(odd)
    page.keyboard.press("Enter")

    expect(page.get_by_text(f"Enrolled as {odd}")).to_be_visible(timeout=ENDED)
    page.wait_for_timeout(2_500)  # every search knows it then
    page.get_by_role("button", name="Remove all").click()
    choose(page, stranger)
    expect(page.locator(".card .name")).to_have_text(odd, timeout=ENDED)
    assert page.locator("img[src=x]").count() == 0

    page.get_by_role("button", name="Not \u2068").press("Enter")
    page.keyboard.press("Enter")  # it is sure
    expect(page.get_by_text("Noted: not")).to_be_visible(timeout=ENDED)
    page.get_by_role("button", name="Remove all").click()
    choose(page, stranger)
    expect(page.get_by_text("Face 1: Unknown")).to_be_visible(timeout=ENDED)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_view_is_for_everybody(tabs: Tabs, width: int, scheme: Scheme) -> None:
    tab = tabs(width=width, scheme=scheme)
    page = tab.open()
    assert tab.serious_findings() == []

    choose(page, OBAMA, BIDEN)

    expect(page.get_by_text("2 photos done")).to_be_visible(timeout=ENDED)
    expect(page.locator("a.box")).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Not .*Joe Biden")).click()
    assert tab.serious_findings() == []
    assert not tab.is_wider_than_the_window()
