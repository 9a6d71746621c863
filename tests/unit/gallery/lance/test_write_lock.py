"""The lock of a gallery's writers."""

import tempfile
import threading
from pathlib import Path

import pytest

from core.gallery.lance import write_lock as module
from core.gallery.lance.write_lock import write_lock

GALLERY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))


def test_one_writer_at_a_time_has_the_lock_and_each_gets_it() -> None:
    inside: list[int] = []
    most: list[int] = []

    def write(number: int) -> None:
        for _ in range(5):
            with write_lock(GALLERY):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert most == [1] * 20


def test_writer_goes_ahead_when_the_lock_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_AT_MOST_S", 0.05)
    written = []

    with write_lock(GALLERY), write_lock(GALLERY):
        written.append("both")

    assert written == ["both"]


def test_writer_goes_ahead_where_no_lock_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "missing"))
    written = []

    with write_lock(GALLERY):
        written.append("it")

    assert written == ["it"]


def test_error_of_the_writer_is_not_swallowed() -> None:
    with pytest.raises(OSError, match="disk full"), write_lock(GALLERY):
        raise OSError("disk full")
