"""What the home has confirmed is on the disk: by the system calls of a process that uses one."""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import ObjectMissing
from core.home.home import Home
from harness.home.forgetful_disk import ForgetfulDisk
from harness.home.system_calls import SystemCall, can_trace, read_calls, traced
from harness.localstack import ROOT
from tests.support.backends import home_settings

USE = """
import os, sys
from pathlib import Path
from core.home.home import Home
from tests.support.backends import home_settings

place = Path(sys.argv[1])
notes = os.open(place / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
settings = home_settings(place / "new" / "home")
home = Home.made(settings)
os.write(notes, b"made it")
photos, queue = home.bucket(settings.s3_in_bucket), home.queue(settings.sqs_req_queue_name)
for number in range(8):
    def tell(what):
        os.write(notes, f"{what} {number}".encode())
    key = f"{number}/photo"
    photos.put(key, bytes([number]) * 5000, content_type="image/jpeg")
    tell("put")
    queue.send(f"body {number}")
    tell("sent")
    if number % 3 == 1:
        tell("replacing")
        photos.put(key, b"another", content_type="image/jpeg")
        tell("replaced")
    if number % 3 == 2:
        tell("deleting")
        photos.delete(key)
        tell("deleted")
        queue.set_visibility_many(queue.receive(limit=2, wait_s=0), 0)
    if number == 4:
        home.file.empty_log()
        home.file.close()
"""
ANOTHER = b"another"


def require_strace() -> None:
    """Skip where strace is not installed or may not be used; fail in CI where it is missing."""
    if can_trace():
        return
    if "CI" in os.environ and "WITHOUT_STRACE" not in os.environ:  # noqa: TID251 - the machine's facts
        assert shutil.which("strace") is not None, "strace is not installed"
    pytest.skip("strace is not installed (apt-get install strace), or may not be used here")


@dataclass(frozen=True)
class Run:
    """What a process asked of the kernel, below a folder."""

    place: Path
    calls: list[SystemCall]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    require_strace()
    folder = tmp_path_factory.mktemp("traced")
    place = folder / "place"
    place.mkdir()
    command = traced([sys.executable, "-c", USE, str(place)], folder / "calls")
    subprocess.run(command, cwd=ROOT, check=True)
    lines = (folder / "calls").read_text().splitlines()
    return Run(place, list(read_calls(lines, below=place)))


def not_as_told(home: Home, told: dict[str, str], sent: set[str]) -> list[str]:
    """Return what a home has otherwise than it had said."""
    photos = home.bucket("input-bucket")
    amiss = []
    for number, last in told.items():
        original = bytes([int(number)]) * 5000
        try:
            there: bytes | None = photos.get(f"{number}/photo").body
        except ObjectMissing:
            there = None
        allowed: dict[str, set[bytes | None]] = {
            "put": {original},
            "replacing": {original, ANOTHER},
            "replaced": {ANOTHER},
            "deleting": {original, None},
            "deleted": {None},
        }
        if there not in allowed[last]:
            amiss.append(f"photo {number} was {last}")
    with home.file.reading() as connection:
        bodies = {row[0] for row in connection.execute("SELECT body FROM messages")}
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return [*amiss, *sorted(sent - bodies), *([] if whole == "ok" else [whole])]


def test_home_has_what_it_confirmed_whenever_power_fails(run: Run, tmp_path: Path) -> None:
    disk = ForgetfulDisk(run.place)
    told: dict[str, str] = {}
    sent: set[str] = set()
    moments = 0
    is_made = False
    rng = random.Random(3)  # noqa: S311 - no secret
    for number, call in enumerate(run.calls):
        disk.follow(call)
        if call.name == "write" and call.paths == (str(run.place / "told"),):
            what, _, which = call.data.decode().partition(" ")
            if what == "sent":
                sent.add(f"body {which}")
            elif what != "made":
                told[which] = what
            is_made = True
        elif number % 40:
            continue
        # Forgets all that was not synced, or a random part of it.
        for kind in (None, rng):
            left = tmp_path / "left"
            disk.leave(left, kind)
            # Where LanceDB puts its tables, without a thought for the folder's name.
            assert not is_made or (left / "new/home/gallery-bucket/galleries").is_dir()
            home = Home.made(home_settings(left / "new" / "home"))
            assert not_as_told(home, told, sent) == [], (number, kind)
            home.file.close()
            shutil.rmtree(left)
            moments += 1

    assert moments > 50
    assert len(sent) == len(told) == 8
