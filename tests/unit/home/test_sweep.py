"""What goes by itself from a home, and what stays."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.home.home import Home
from core.home.queue_file import one
from core.settings import Settings
from core.testing import ManualClock
from tests.support.backends import home_settings

DAY_S = 86_400


@dataclass(kw_only=True)
class House:
    """A home whose time a test sets; files get the times of this machine."""

    settings: Settings
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        made = Home.made(self.settings)
        sweep = replace(made.sweep, clock=self.clock)
        self.home = replace(made, clock=self.clock, sweep=sweep)

    def put(self, bucket: str, key: str) -> None:
        self.home.bucket(bucket).put(key, b"bytes", content_type="")
        for path in (self.home.folder / bucket / "objects").rglob("*="):
            os.utime(path, (0, 0))  # older than any clock of a test

    def keys(self, bucket: str) -> list[str]:
        return self.home.bucket(bucket).keys("")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(settings=home_settings(tmp_path / "home", retention_days=3))


def test_photos_and_results_go_when_they_are_old_and_galleries_never(house: House) -> None:
    for bucket in house.settings.buckets:
        house.put(bucket, "old/1")
    house.clock.advance(2 * DAY_S)
    house.put("output-bucket", "young/1")
    house.clock.advance(1.5 * DAY_S)

    house.home.sweep.run()

    assert house.keys("input-bucket") == []
    assert house.keys("output-bucket") == ["young/1"]
    assert house.keys("gallery-bucket") == ["old/1"]


def test_copied_folder_loses_nothing_early(house: House) -> None:
    house.clock.advance(10 * DAY_S)
    house.put("output-bucket", "young/1")

    house.home.sweep.run()  # its file says 1970

    assert house.keys("output-bucket") == ["young/1"]


def test_what_a_killed_process_was_writing_goes_soon(house: House) -> None:
    writing = house.home.folder / "input-bucket" / "writing"
    (writing / "half-a-photo").write_bytes(b"half")
    house.clock.advance((writing / "half-a-photo").stat().st_ctime + 100 - house.clock())

    house.home.sweep.remove_broken_off()
    assert len(list(writing.iterdir())) == 1
    house.clock.advance(300)
    house.home.sweep.remove_broken_off()

    assert list(writing.iterdir()) == []


def test_messages_go_that_nobody_received_for_days(house: House) -> None:
    requests = house.home.queue("request-queue")
    dead = house.home.queue("request-queue-dlq")
    requests.send_many([f"old {number}" for number in range(1_500)])
    dead.send_many(["dead, and kept for longer"] * 2_000)
    responses = house.home.queue("response-queue")
    responses.send("old, and behind them")
    house.clock.advance(3 * DAY_S)
    requests.send("young")
    house.clock.advance(1.5 * DAY_S)

    house.home.sweep.run()

    with house.home.file.reading() as connection:
        left = [row[0] for row in connection.execute("SELECT body FROM messages ORDER BY id")]
    assert left == [*["dead, and kept for longer"] * 2_000, "young"]


def test_file_of_queues_gets_small_again(house: House) -> None:
    queue = house.home.queue("request-queue")
    queue.send_many(["x" * 1_000] * 8_000)
    house.home.file.empty_log()
    large = house.home.file.path.stat().st_size
    with house.home.file.writing() as connection:
        connection.execute("DELETE FROM messages")

    house.home.sweep.run()

    assert house.home.file.path.stat().st_size < large * 0.6
    with house.home.file.reading() as connection:
        assert one(connection, "PRAGMA integrity_check") == "ok"


def test_one_process_sweeps_within_the_hour(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[str] = []
    monkeypatch.setattr(type(house.home.sweep), "run", lambda self: swept.append("once"))
    house.home.sweep.run_if_due()
    house.clock.advance((house.home.folder / "swept").stat().st_mtime - house.clock())

    house.home.sweep.run_if_due()
    assert swept == ["once"]
    house.clock.advance(3_700)
    house.home.sweep.run_if_due()

    assert swept == ["once", "once"]
