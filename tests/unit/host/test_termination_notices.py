"""The watcher of notices."""

import threading
from collections.abc import Iterator

import pytest

from core.aws.metadata import InstanceMetadata
from core.errors import ServiceUnavailable
from core.host.termination_notices import NoticeWatcher
from harness.waiting import wait_until
from tests.support.services.metadata_service import MetadataService

NOTICE = "spot interruption"


class Announcements:
    """Says what it is told to, or fails."""

    def __init__(self, *said: str | Exception | None) -> None:
        self._said: Iterator[str | Exception | None] = iter(said)
        self._last: str | Exception | None = None
        self.asked = 0

    def __call__(self) -> str | None:
        self.asked += 1
        self._last = next(self._said, self._last)
        if isinstance(self._last, Exception):
            raise self._last
        return self._last


AWAY = ServiceUnavailable("away")


def test_notice_is_called_back_once(service: MetadataService) -> None:
    calls: list[str] = []
    watcher = NoticeWatcher(InstanceMetadata(service.address).notice, interval_s=0.01)
    watcher.start(lambda: calls.append("drain"))
    wait_until(lambda: len(service.asked) >= 6)
    assert calls == []

    service.announce_interruption()

    wait_until(lambda: calls == ["drain"])
    wait_until(lambda: "notice-watcher" not in [thread.name for thread in threading.enumerate()])
    assert calls == ["drain"]


@pytest.mark.parametrize("trouble", [AWAY, ZeroDivisionError("a bug")])
def test_notice_after_trouble_is_seen(trouble: Exception) -> None:
    noticed = threading.Event()
    watcher = NoticeWatcher(Announcements(trouble, trouble, NOTICE), interval_s=0.01)

    watcher.start(noticed.set)

    assert noticed.wait(10)


def test_trouble_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    watcher = NoticeWatcher(Announcements(AWAY, AWAY, AWAY, None, None, AWAY))

    for _ in range(6):
        assert watcher.look() is None

    assert [record.message for record in caplog.records] == [
        "notices could not be read",
        "notices could be read again",
        "notices could not be read",
    ]


def test_stopped_watcher_calls_nobody_back() -> None:
    announcements = Announcements(NOTICE)
    watcher = NoticeWatcher(announcements)

    watcher.stop()
    watcher.start(lambda: pytest.fail("called back"))

    wait_until(lambda: "notice-watcher" not in [thread.name for thread in threading.enumerate()])
    assert announcements.asked == 0


def test_start_waits_until_the_notice_is_gone() -> None:
    waits: list[str] = []
    watcher = NoticeWatcher(Announcements(NOTICE, NOTICE, AWAY, None), interval_s=0.01)

    assert watcher.wait_until_clear(lambda: waits.append("alive"))

    assert waits == ["alive"] * 3


@pytest.mark.parametrize("said", [None, AWAY])
def test_start_does_not_wait_without_a_notice(said: Exception | None) -> None:
    watcher = NoticeWatcher(Announcements(said))

    assert watcher.wait_until_clear(lambda: pytest.fail("waited"))


def test_stop_ends_the_wait_on_a_machine_that_ends() -> None:
    watcher = NoticeWatcher(Announcements(NOTICE))

    assert not watcher.wait_until_clear(watcher.stop)
