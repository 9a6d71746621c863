"""Turns of writers."""

import tempfile
import threading
from pathlib import Path

import pytest

from core.gallery.lance import write_lock as lance_turns
from core.gallery.lance.write_lock import turn

GALLERY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))


def test_one_writer_at_a_time_has_the_turn_and_each_gets_it() -> None:
    inside: list[int] = []
    most: list[int] = []

    def write(number: int) -> None:
        for _ in range(5):
            with turn(GALLERY):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert most == [1] * 20


def test_writer_goes_ahead_when_the_turn_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance_turns, "_WAIT_AT_MOST_S", 0.05)
    written = []

    with turn(GALLERY), turn(GALLERY):
        written.append("both")

    assert written == ["both"]


def test_writer_goes_ahead_where_no_lock_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "missing"))
    written = []

    with turn(GALLERY):
        written.append("it")

    assert written == ["it"]


def test_error_of_the_writer_is_not_swallowed() -> None:
    with pytest.raises(OSError, match="disk full"), turn(GALLERY):
        raise OSError("disk full")
