"""Takes the pictures of the page that README.md and docs/page.md show.

    python -m scripts.screenshots [--out docs/images] [--photographs]

Starts a service of its own, with the sample photos that set-up unpacks. Their licence does not
say that the photographs may be passed on, so a drawn figure takes the place of each picture before
the screenshot is taken; ``--photographs`` leaves them.
"""

import argparse
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.host.environment import settle_environment
from core.ports import EnrolledFace
from harness.page.chromium import Scheme, new_page, running_chromium
from harness.page.films import camera_flags, frame_of, write_film
from harness.photo_set import People
from harness.stack import Stack, enrol, make_collection
from harness.waiting import wait_until
from scripts.samples import ROOT, SAMPLES

KNOWN: Final = "Nora Lind"
STAFF: Final = "staff"
STRANGERS: Final = "visitors"
OTHERS: Final = (
    "Amara Osei", "Ben Falk", "Chiara Moretti", "Daan Visser", "Elif Kaya", "Farid Haddad",
    "Grace Okafor", "Hana Sato", "Ivo Marek", "Jonas Berg", "Kavya Rao", "Lucía Ortega",
    "Mei Chen", "Noah Klein", "Olga Petrova", "Pavel Novák", "Quinn Murphy", "Rosa Silva",
    "Sami Korhonen", "Tariq Nasser", "Uma Das", "Viktor Hansen",
)  # fmt: skip
NEVER: Final = 100
"""A threshold that nobody reaches."""
OF_KNOWN: Final = [
    SAMPLES / "Barack Obama" / name for name in ("obama.jpg", "obama2.jpg", "obama3.jpg")
]
OF_STRANGER: Final = SAMPLES / "Joe Biden" / "biden.jpg"
FIGURES: Final = ROOT / "harness" / "page" / "figures.js"
LARGEST_BYTES: Final = 150_000


@dataclass(frozen=True)
class View:
    """A picture to take: of which view, in which window, after what."""

    place: str
    width: int
    height: int
    scheme: Scheme
    prepare: Callable[[Page], None]


def main() -> int:
    """Take all pictures; return the exit code."""
    options = _options()
    settle_environment()
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, Stack(Path(name)) as stack:
        folder = Path(name)
        photos = _photos(folder)
        _fill(stack, folder)
        film = write_film(folder / "film.mjpeg", [frame_of(photos[0])])
        with running_chromium(*camera_flags(film)) as browser:
            for title, view in _views(photos).items():
                picture = _taken(browser, stack, view, drawn=not options.photographs)
                path = options.out / f"page-{title}.webp"
                path.write_bytes(picture)
                print(f"{path}: {len(picture):,} bytes")
                if len(picture) > LARGEST_BYTES:
                    print(f"FAIL: at most {LARGEST_BYTES:,} bytes are wanted", file=sys.stderr)
                    return 1
    return 0


def _views(photos: list[Path]) -> dict[str, View]:
    def photos_done(page: Page) -> None:
        page.locator("input[type=file]").first.set_input_files(photos)
        page.get_by_text(f"{len(photos)} photos done", exact=True).wait_for()
        page.get_by_role("heading", level=1).click()  # no focus on what was pressed

    def camera_on(page: Page) -> None:
        page.get_by_role("button", name="Start the camera").click()
        page.locator(".stage .box.confirmed").wait_for()

    def people_there(page: Page) -> None:
        page.locator("a.person").nth(8).wait_for()
        page.locator(".portrait.waiting").first.wait_for(state="detached")

    def groups_there(page: Page) -> None:
        page.locator(".group .portrait img").nth(3).wait_for()

    staff, strangers = f"people?collection={STAFF}", f"unknown?collection={STRANGERS}"
    return {
        "photos": View("photos", 1280, 800, "light", photos_done),
        "live": View("live", 1280, 700, "dark", camera_on),
        "people": View(staff, 1280, 800, "light", people_there),
        "unknown": View(strangers, 1280, 700, "light", groups_there),
        "phone": View(staff, 390, 780, "dark", people_there),
    }


def _taken(browser: Browser, stack: Stack, view: View, *, drawn: bool) -> bytes:
    with new_page(browser, width=view.width, height=view.height, scheme=view.scheme) as page:
        if drawn:
            page.route("**/image", _without_a_face)
        page.goto(f"{stack.address}/#/{view.place}")
        view.prepare(page)
        if drawn:
            page.evaluate(FIGURES.read_text())
        shot = page.screenshot(animations="disabled")
    with Image.open(BytesIO(shot)) as image:
        packed = BytesIO()
        image.convert("RGB").save(packed, "WEBP", quality=85, method=6)
    return packed.getvalue()


def _without_a_face(route: Route) -> None:
    plain = _jpeg(Image.new("RGB", (160, 160), (150, 165, 170)))
    route.fulfill(body=plain, content_type="image/jpeg")


def _photos(folder: Path) -> list[Path]:
    """Make photos with names as cameras give them: two people, one, one, and nobody."""
    with Image.open(OF_KNOWN[1]) as one, Image.open(OF_STRANGER) as other:
        both = Image.new("RGB", (1440, 900), (120, 130, 135))
        for left, image in ((0, one), (720, other)):
            image.thumbnail((720, 900))
            both.paste(image, (left + (720 - image.width) // 2, (900 - image.height) // 2))
    contents = {
        "IMG_2041.jpg": _jpeg(both),
        "IMG_2042.jpg": OF_KNOWN[2].read_bytes(),
        "IMG_2043.jpg": OF_STRANGER.read_bytes(),
        "IMG_2044.jpg": _jpeg(Image.new("RGB", (800, 600), (120, 130, 135))),
    }
    (folder / "photos").mkdir()
    for name, content in contents.items():
        (folder / "photos" / name).write_bytes(content)
    return [folder / "photos" / name for name in contents]


def _fill(stack: Stack, folder: Path) -> None:
    """Enrol a person and made-up ones, and let strangers come."""
    people = People(enrolled={KNOWN: OF_KNOWN[0]}, probes=())
    enrol(people, stack.settings, "default", folder / "people")
    make_collection(stack.address, STAFF)
    enrol(people, stack.settings, STAFF, folder / "staff")
    _add_others(stack)
    made = {"collection_id": STRANGERS, "threshold": NEVER, "keep_unknown": True}
    _call(stack, "collections", json=made)
    enrol(people, stack.settings, STRANGERS, folder / "strangers")
    for photo in (*OF_KNOWN[1:], OF_STRANGER):
        photo_of = {"inputFile": (photo.name, photo.read_bytes())}
        _call(stack, "", files=photo_of, data={"collection_id": STRANGERS})
    wait_until(lambda: _groups(stack) == [2, 1], what="strangers in groups")


def _add_others(stack: Stack) -> None:
    shared = Shared(stack.settings, Infrastructure.on_aws(stack.settings))
    collection = shared.collections.now(STAFF)
    random = np.random.default_rng(5)
    faces = [
        EnrolledFace(
            face_id=str(uuid.uuid4()),
            person=name,
            image_id=f"{name} {number}",
            embedding=random.standard_normal(128).astype(np.float32),
        )
        for name in OTHERS
        for number in range(random.integers(1, 9))
    ]
    shared.index.put(collection.gallery_id, faces)
    shared.index.close()


def _groups(stack: Stack) -> list[int]:
    answer = requests.get(f"{stack.address}/collections/{STRANGERS}/groups", timeout=60)
    return [group["size"] for group in answer.json()["groups"]]


def _call(stack: Stack, path: str, **sent: Any) -> None:
    requests.post(f"{stack.address}/{path}", timeout=120, **sent).raise_for_status()


def _jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--photographs", action="store_true", help="leave the pictures as they are")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
