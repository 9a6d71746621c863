"""Prove in a real browser what the page promises; write docs/benchmarks/page.json.

    python -m benchmarks.browser.proofs [--minutes 5] [--photos 1000] [--people 5000]

Starts a service of its own. Exit code 1 when a promise was not kept.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser

from benchmarks.browser import endurance
from benchmarks.browser.album import interrupted_album, made_photos
from benchmarks.browser.crowd import crowd, enrol_crowd
from benchmarks.browser.slow_service import slow_service
from core.host.environment import settle_environment
from harness.page.chromium import running_chromium
from harness.page.films import camera_flags, frame_of, write_film
from harness.photo_set import People
from harness.report import machine, measured_at
from harness.stack import Stack, enrol
from scripts.samples import PHOTOS, SAMPLES

ROOT: Final = Path(__file__).parents[2]
ARTIFACT: Final = ROOT / "docs" / "benchmarks" / "page.json"
_PER_ROUND: Final = 24


def main() -> int:
    """Run all proofs, or some; return the exit code."""
    options = _options()
    settle_environment()
    on = machine()
    with TemporaryDirectory() as name, Stack(Path(name), max_file_mb=2) as stack:
        folder = Path(name)
        _enrol_samples(stack, folder)
        film = write_film(folder / "film.mjpeg", [frame_of(_sample(0)), frame_of(_sample(1))])
        with running_chromium(*camera_flags(film)) as browser:
            proofs = _proofs(browser, stack, folder, options)
            found = {
                name: _told(name, proof)
                for name, proof in proofs.items()
                if name in (options.only or proofs)
            }
            version = browser.version
    before = json.loads(options.out.read_text()) if options.only and options.out.exists() else {}
    artifact = {**before, "measured_at": measured_at(), "machine": on, "chromium": version, **found}
    options.out.write_text(json.dumps(artifact, indent=2) + "\n")
    return 0 if all(each["is_proven"] for each in found.values()) else 1


def _proofs(
    browser: Browser, stack: Stack, folder: Path, options: argparse.Namespace
) -> dict[str, Callable[[], dict[str, Any]]]:
    def people() -> dict[str, Any]:
        enrol_crowd(stack, options.people)
        return crowd(browser, stack, people=options.people)

    def photos() -> dict[str, Any]:
        files = [_sample(0), *made_photos(folder / "round", _PER_ROUND - 1)]
        return endurance.photos(browser, stack, files, minutes=options.minutes)

    return {
        # First, since it counts all results.
        "reload": lambda: interrupted_album(browser, stack, folder, count=options.photos),
        "slow": lambda: slow_service(browser, stack),
        "crowd": people,
        "live": lambda: endurance.live(browser, stack, minutes=options.minutes),
        "photos": photos,
    }


def _told(name: str, proof: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    found = proof()
    print(name, {key: value for key, value in found.items() if key != "looks"}, flush=True)
    return found


def _sample(number: int) -> Path:
    photos = [SAMPLES / person / name for person, names in PHOTOS.items() for name in names]
    return photos[number + 1]


def _enrol_samples(stack: Stack, folder: Path) -> None:
    enrolled = {person: SAMPLES / person / names[0] for person, names in PHOTOS.items()}
    enrol(People(enrolled=enrolled, probes=()), stack.settings, "default", folder / "people")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--only", nargs="+", help="reload, slow, crowd, live, photos")
    parser.add_argument("--out", type=Path, default=ARTIFACT)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
