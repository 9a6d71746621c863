"""People in the browser: who is enrolled, under which name, and how they are forgotten."""

import re
import uuid
from pathlib import Path

import pytest
import requests
from PIL import ImageOps
from playwright.sync_api import Locator, Page, Playwright, expect

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from harness.localstack import free_port
from harness.page.films import camera_flags, frame_of, write_film
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.e2e.page.conftest import Tabs
from tests.support.faces import enrol, enrolled
from tests.support.pages.browser import Scheme, new_tab, running_chromium
from tests.support.photos import SAMPLES, shared_folder

OBAMA = [SAMPLES / "Barack Obama" / name for name in ("obama.jpg", "obama2.jpg", "obama3.jpg")]
BIDEN = SAMPLES / "Joe Biden" / "biden.jpg"
TURNED_RIGHT = Path("images", "Roger_Grimes", "Roger_Grimes_0001.jpg")
MARKUP = "<img src=x onerror=alert(1)>"
FROM_RIGHT = "\u05d3\u05e0\u05d4 \u05db\u05d4\u05df"
LONG = ("Maximiliane " * 9)[:99] + "x"
SLOW = 90_000
"""Milliseconds until a change is known everywhere, at most; the first takes the models' load."""


class Album:
    """A collection of a test's own in the running service."""

    def __init__(self, service: Service) -> None:
        self.collection_id = f"people-{uuid.uuid4().hex[:8]}"
        self.address = service.address
        self.place = f"#/people?collection={self.collection_id}"
        made = requests.post(
            f"{self.address}/collections", json={"collection_id": self.collection_id}, timeout=30
        )
        assert made.status_code == 201, made.text

    @property
    def path(self) -> str:
        return f"{self.address}/collections/{self.collection_id}"

    def enrol(self, people: dict[str, Path]) -> None:
        """Enrol a photo of each person, and return when all are listed."""
        jobs = [self._accepted(name, path) for name, path in people.items()]
        wait_until(lambda: all(self._is_done(job) for job in jobs), seconds=120)
        wait_until(lambda: set(people) <= set(self.names()), seconds=30)

    def _accepted(self, name: str, path: Path) -> str:
        fields = {
            "collection_id": self.collection_id,
            "image_id": uuid.uuid4().hex,
            "person": name,
        }
        photo = {"image": path.read_bytes()}
        accepted = requests.post(
            f"{self.address}/faces/index", files=photo, data=fields, timeout=30
        )
        return str(accepted.json()["job_id"])

    def _is_done(self, job: str) -> bool:
        return requests.get(f"{self.address}/status/{job}", timeout=30).status_code == 200

    def names(self) -> list[str]:
        persons = requests.get(f"{self.path}/persons?limit=1000", timeout=30).json()["persons"]
        return [each["person"] for each in persons]

    def cover_of(self, name: str) -> str | None:
        """Return the face that somebody chose to show a person."""
        cover: str | None = requests.get(f"{self.path}/persons/{name}", timeout=30).json()["cover"]
        return cover

    def faces_of(self, name: str) -> list[str]:
        faces = requests.get(f"{self.path}/faces", params={"person": name}, timeout=30)
        return [each["face_id"] for each in faces.json()["faces"]]

    def crop_status(self, face_id: str) -> int:
        return requests.get(f"{self.path}/faces/{face_id}/image", timeout=30).status_code


@pytest.fixture
def album(service: Service) -> Album:
    return Album(service)


@pytest.fixture(scope="module")
def crowd(service: Service) -> Album:
    """Return a collection of people with odd names."""
    album = Album(service)
    album.enrol({MARKUP: OBAMA[0], FROM_RIGHT: BIDEN, LONG: OBAMA[1], "Ada Lovelace": OBAMA[2]})
    return album


def press_on(page: Page, role: str, name: str, within: Locator | None = None) -> None:
    """Go by Tab to what has a role and a name, and press Enter there."""
    wanted = (within or page).get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    expect(wanted).to_be_enabled()
    for _ in range(60):
        if wanted.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {role} {name!r}")


def scroll_to(page: Page, name: str) -> None:
    """Scroll until a person is drawn."""
    for _ in range(100):
        if page.get_by_role("link", name=name).count():
            return
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(50)
    pytest.fail(f"{name} does not come")


def choose_by_keyboard(page: Page, photo: Path) -> None:
    with page.expect_file_chooser() as chooser:
        press_on(page, "button", "Choose photos")
    chooser.value.set_files(photo)


def shows_all_pictures(page: Page) -> None:
    """Wait until no picture is under way."""
    expect(page.locator(".portrait.waiting")).to_have_count(0, timeout=SLOW)
    page.wait_for_load_state("networkidle")


def test_person_is_enrolled_sorted_out_and_forgotten_by_keyboard_alone(
    album: Album, tabs: Tabs
) -> None:
    tab = tabs()
    tab.expected += ["answered 404", "status of 404"]  # how the page proves that a crop is gone
    page = tab.open(album.place)
    expect(page.get_by_text("Nobody is enrolled yet")).to_be_visible(timeout=SLOW)

    press_on(page, "link", "Enrol someone")
    expect(page.get_by_role("combobox", name="Name", exact=True)).to_be_focused()
    page.keyboard.type("Barack")
    choose_by_keyboard(page, OBAMA[0])
    expect(page.get_by_text("1 photo enrolled")).to_be_visible(timeout=SLOW)
    album.enrol({"Ada": OBAMA[1]})
    faces = album.faces_of("Barack") + album.faces_of("Ada")
    page.wait_for_timeout(2_500)  # every search knows them then
    press_on(page, "link", "Photos")
    choose_by_keyboard(page, OBAMA[2])
    expect(page.locator(".card .name")).to_have_text(re.compile("Barack|Ada"), timeout=SLOW)

    press_on(page, "link", "People")
    expect(page.get_by_role("link", name="Barack")).to_be_visible(timeout=SLOW)
    press_on(page, "link", "Barack 1 face")
    expect(page.get_by_role("heading", name="Barack")).to_be_focused()
    press_on(page, "button", "Rename")
    expect(page.get_by_placeholder("New name")).to_be_focused()
    page.keyboard.type("President")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="President")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Rename")).to_be_focused()
    expect(page.get_by_text("Renamed.")).to_be_visible()

    page.keyboard.press("Enter")
    expect(page.get_by_placeholder("New name")).to_be_focused()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Merge the two?")).to_be_visible(timeout=SLOW)
    press_on(page, "button", "Merge")
    expect(page.get_by_role("heading", name="Ada")).to_be_focused(timeout=SLOW)
    expect(page.get_by_text("Merged: 1 face more.")).to_be_visible()
    expect(page.get_by_text("2 faces")).to_be_visible(timeout=SLOW)
    assert album.names() == ["Ada"]

    press_on(page, "button", "Forget")
    question = page.get_by_role("dialog", name="Forget \u2068Ada\u2069?")
    expect(question).to_contain_text("2 faces with their pictures")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.get_by_role("button", name="Forget")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_visible()
    press_on(page, "button", "Forget", question)
    expect(page.get_by_role("heading", name="\u2068Ada\u2069 is forgotten")).to_be_focused(
        timeout=SLOW
    )
    expect(page.get_by_text("answers 404")).to_be_visible(timeout=SLOW)
    expect(page.locator(".facts div", has_text="Faces").first).to_contain_text("2")
    assert [album.crop_status(face) for face in faces] == [404, 404]

    press_on(page, "link", "← All people")
    expect(page.get_by_text("Nobody is enrolled yet")).to_be_visible(timeout=SLOW)


def test_odd_names_are_text_everywhere(crowd: Album, tabs: Tabs) -> None:
    page = tabs().open(crowd.place)

    for name in (MARKUP, FROM_RIGHT, LONG):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1, name=name, exact=True)).to_be_focused()
        page.get_by_role("button", name="Forget").click()
        expect(page.get_by_role("dialog")).to_contain_text(f"Forget \u2068{name}\u2069?")
        page.keyboard.press("Escape")
        expect(page.locator(".pick")).to_have_count(1)
        shows_all_pictures(page)
        page.get_by_role("link", name="All people").click()
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.get_by_label("Search").fill("<IMG")
    expect(page.locator("a.person")).to_have_count(1)
    assert page.locator("img[src=x]").count() == 0
    shows_all_pictures(page)


def test_faces_are_given_to_others_taken_away_and_described(album: Album, tabs: Tabs) -> None:
    album.enrol({"Ada": OBAMA[0]})
    album.enrol({"Ada": OBAMA[1]})
    album.enrol({"Ada": OBAMA[2], "Joe": BIDEN})
    page = tabs().open(album.place)
    page.get_by_role("link", name="Ada").click()
    page.get_by_text("Notes", exact=True).click()
    page.get_by_role("button", name="Add a note").click()
    page.keyboard.type("team")
    page.keyboard.press("Tab")
    page.keyboard.type(MARKUP)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Notes saved.")).to_be_visible(timeout=SLOW)

    page.get_by_label("Face 3").check()
    page.get_by_role("button", name="Show them by this face").click()
    expect(page.get_by_text("This face shows them now.")).to_be_visible(timeout=SLOW)
    assert album.cover_of("Ada") == album.faces_of("Ada")[2]

    page.get_by_label("Face 1").check()
    page.get_by_role("button", name="Give to someone else").click()
    page.keyboard.type("Joe")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 face given to")).to_be_visible(timeout=SLOW)
    expect(page.locator(".pick")).to_have_count(2)
    page.get_by_label("Face 1").check()
    page.get_by_role("button", name="Not this person").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("never given this name again")
    question.get_by_role("button", name="Not this person").click()
    expect(page.get_by_text("1 face is not")).to_be_visible(timeout=SLOW)
    expect(page.locator(".pick")).to_have_count(1)

    page.get_by_label("Face 1").check()
    page.get_by_role("button", name="Give to someone else").click()
    page.keyboard.type("Joe")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Joe")).to_be_focused(timeout=SLOW)
    expect(page.locator(".pick")).to_have_count(3)
    shows_all_pictures(page)
    assert album.names() == ["Joe"]


def test_face_is_enrolled_from_the_camera_in_each_pose_with_a_warning(
    album: Album, playwright: Playwright, tmp_path: Path
) -> None:
    album.enrol({"Barack": OBAMA[0]})
    turned = frame_of(shared_folder("lfw-view1") / TURNED_RIGHT)
    film = write_film(
        tmp_path / "film.mjpeg", [frame_of(OBAMA[1]), turned, ImageOps.mirror(turned)]
    )
    with (
        running_chromium(playwright, *camera_flags(film)) as browser,
        new_tab(browser, address=album.address) as tab,
    ):
        page = tab.open(f"#/people?collection={album.collection_id}&person=new")
        page.get_by_role("combobox", name="Name", exact=True).fill("Ada")
        page.get_by_role("button", name="Use the camera").click()
        for pose in ("Front", "Left", "Right"):
            taken = page.locator(".poses li", has_text=pose)
            expect(taken).to_have_attribute("aria-current", "step", timeout=SLOW)
            expect(taken).to_contain_text(re.compile(r" [1-9]"), timeout=SLOW)
            page.get_by_role("button", name=re.compile("Go on|enough")).click()
        expect(page.get_by_role("heading", name="The best")).to_be_visible()
        expect(page.get_by_text("is nearer to \u2068Barack\u2069")).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="all the same").click()
        page.get_by_role("link", name="Show \u2068Ada\u2069").click(timeout=SLOW)
        expect(page.get_by_role("heading", name="Ada")).to_be_focused()
        expect(page.locator(".pick")).not_to_have_count(0)
        shows_all_pictures(page)
    assert 1 <= len(album.faces_of("Ada")) <= 5


def test_5000_people_come_as_far_as_they_are_seen(
    service: Service, album: Album, tabs: Tabs
) -> None:
    shared = Shared(service.settings, Infrastructure.on_aws(service.settings))
    faces = [enrolled(f"Person {n:04}", n, str(uuid.uuid4())) for n in range(5_000)]
    enrol(shared, *faces, collection_id=album.collection_id)
    tab = tabs()
    tab.expected.append("/image")  # these people have no pictures: each is answered 404
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    page = tab.open(album.place)

    expect(page.get_by_text("the first 200 people")).to_be_visible()
    shows_all_pictures(page)
    assert sum("/persons?" in url for url in asked) == 1
    assert sum("/image" in url for url in asked) < 120
    scroll_to(page, "Person 0450")
    assert page.locator("a.person").count() < 150
    expect(page.get_by_role("link", name="Person 0000")).to_have_count(0)
    page.get_by_role("link", name="Person 0450").click()
    expect(page.get_by_role("heading", name="Person 0450")).to_be_focused()
    page.get_by_role("link", name="All people").click()
    expect(page.get_by_role("link", name="Person 0450")).to_be_focused()
    page.get_by_label("Search").fill("person 4999")
    expect(page.locator("a.person")).to_have_count(1)
    shows_all_pictures(page)


def test_key_that_may_not_erase_sees_no_way_to_forget(
    service: Service, crowd: Album, tabs: Tabs, tmp_path: Path
) -> None:
    changes = {"auth": "keys", "web_port": free_port()}
    settings = service.settings.model_copy(update=changes)
    keys = Shared(settings, Infrastructure.on_aws(settings)).process.key_store
    _, key = keys.create("desk", scopes=["enrol"])
    web = WebProcess(settings, tmp_path / "web.log")
    try:
        web.started()
        page = tabs(address=web.address).open(crowd.place)
        page.get_by_label("API key").fill(key.text)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Ada Lovelace").click()
        expect(page.get_by_role("button", name="Rename")).to_be_visible()
        expect(page.locator(".pick")).to_have_count(1)
        for name in ("Forget", "Erase", "Use the camera"):
            expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(page.locator(".pick img")).to_be_visible()
        shows_all_pictures(page)
    finally:
        web.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_view_is_for_everybody(crowd: Album, tabs: Tabs, width: int, scheme: Scheme) -> None:
    tab = tabs(width=width, scheme=scheme)
    page = tab.open(crowd.place)

    def is_for_everybody() -> None:
        shows_all_pictures(page)
        assert tab.serious_findings() == []
        assert not tab.is_wider_than_the_window()

    expect(page.locator("a.person")).to_have_count(4)
    is_for_everybody()
    page.get_by_role("link", name=LONG).click()
    page.get_by_label("Face 1").check()
    page.get_by_role("button", name="Give to someone else").click()
    is_for_everybody()
    page.get_by_role("button", name="Rename").click()
    page.get_by_placeholder("New name").fill("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Merge the two?")).to_be_visible()
    is_for_everybody()
