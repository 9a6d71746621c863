"""The disk that forgets follows system calls, and keeps what was synced and nothing else."""

import random
from pathlib import Path

import pytest

from harness.home.forgetful_disk import ForgetfulDisk, UnknownCall
from harness.home.system_calls import read_calls

ROOT = Path("/home")


def in_hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def opened(number: int, path: str) -> str:
    return f"{number}<{in_hex(path)}>"


def text(said: str) -> str:
    return f'"{in_hex(said)}"'


A = opened(3, "/home/a")
FOLDER = opened(4, "/home")
MAKE_A = f"1 openat(AT_FDCWD<{in_hex('/')}>, {text('home/a')}, O_WRONLY|O_CREAT, 0600) = {A}"
WRITE_A = f"1 write({A}, {text('whole')}, 5) = 5"
SYNC_A = f"1 fsync({A}) = 0"
SYNC_FOLDER = f"1 fsync({FOLDER}) = 0"


def left(tmp_path: Path, *lines: str, rng: random.Random | None = None) -> dict[str, str]:
    """Return the files that are there after these calls and a loss of power."""
    disk = ForgetfulDisk(ROOT)
    for call in read_calls(lines, below=ROOT):
        disk.follow(call)
    place = tmp_path / str(len(list(tmp_path.iterdir())))
    disk.leave(place, rng)
    return {
        str(file.relative_to(place)): file.read_text()
        for file in place.rglob("*")
        if file.is_file()
    }


def test_file_is_there_once_it_and_its_folder_were_synced(tmp_path: Path) -> None:
    assert left(tmp_path, MAKE_A, WRITE_A, SYNC_A, SYNC_FOLDER) == {"a": "whole"}


def test_file_whose_name_was_not_synced_is_gone(tmp_path: Path) -> None:
    assert left(tmp_path, MAKE_A, WRITE_A, SYNC_A) == {}


def test_file_that_was_not_synced_is_empty(tmp_path: Path) -> None:
    assert left(tmp_path, MAKE_A, WRITE_A, SYNC_FOLDER) == {"a": ""}


def test_what_was_written_while_a_sync_went_on_is_not_kept(tmp_path: Path) -> None:
    begun = f"2 fsync({A} <unfinished ...>"
    ended = "2 <... fsync resumed>) = 0"

    assert left(tmp_path, MAKE_A, begun, WRITE_A, ended, SYNC_FOLDER) == {"a": ""}


def test_old_name_and_old_bytes_are_back(tmp_path: Path) -> None:
    renamed = f"1 rename({text('/home/a')}, {text('/home/b')}) = 0"
    written = f"1 pwrite64({opened(3, '/home/b')}, {text('HO')}, 2, 1) = 2"
    kept = (MAKE_A, WRITE_A, SYNC_A, SYNC_FOLDER)

    assert left(tmp_path, *kept, renamed, written) == {"a": "whole"}
    synced = f"1 fdatasync({opened(3, '/home/b')}) = 0"
    assert left(tmp_path, *kept, renamed, written, synced, SYNC_FOLDER) == {"b": "wHOle"}


def test_removed_file_is_back_unless_its_folder_was_synced(tmp_path: Path) -> None:
    folder = f"AT_FDCWD<{in_hex('/srv')}>"
    removed = f"1 unlinkat({folder}, {text('/home/a')}, 0) = 0"
    kept = (MAKE_A, WRITE_A, SYNC_A, SYNC_FOLDER)

    assert left(tmp_path, *kept, removed) == {"a": "whole"}
    assert left(tmp_path, *kept, removed, SYNC_FOLDER) == {}


def test_call_that_failed_did_nothing(tmp_path: Path) -> None:
    failed = f"1 fsync({FOLDER}) = -1 EIO (Input/output error)"

    assert left(tmp_path, MAKE_A, WRITE_A, SYNC_A, failed) == {}


def test_part_of_what_was_not_synced_may_be_there(tmp_path: Path) -> None:
    rng = random.Random(1)  # noqa: S311 - no secret
    calls = (MAKE_A, WRITE_A)

    found = [left(tmp_path, *calls, rng=rng) for _ in range(40)]

    assert {} in found
    assert {"a": ""} in found
    assert {"a": "whole"} in found


def test_file_is_cut_off_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = random.Random(1)  # noqa: S311 - no secret
    large = "x" * 9000
    kept = (MAKE_A, f"1 write({A}, {text(large)}, 9000) = 9000", SYNC_A, SYNC_FOLDER)
    cut = (*kept, f"1 ftruncate({A}, 0) = 0")

    assert {left(tmp_path, *cut, rng=rng)["a"] for _ in range(20)} == {large, ""}
    assert left(tmp_path, *cut) == {"a": large}
    assert left(tmp_path, *cut, SYNC_A) == {"a": ""}


def test_call_that_is_not_understood_proves_nothing(tmp_path: Path) -> None:
    copied = f"1 sendfile({A}, {opened(5, '/home/b')}, NULL, 9) = 9"

    with pytest.raises(UnknownCall, match="sendfile"):
        left(tmp_path, MAKE_A, copied)
