"""A file that is whole, or as it was."""

import errno
import os
import signal
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from efr_cli.safe_file import safe_file


@pytest.fixture(params=["nameless files", "no nameless files"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each test run on file systems with and without files that have no name."""
    opened = os.open

    def refused(path: Path, flags: int, *mode: int, **more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "refused")
        return opened(path, flags, *mode, **more)

    if request.param == "no nameless files":
        monkeypatch.setattr(os, "open", refused)


@pytest.mark.usefixtures("file_system")
def test_file_is_there_once_it_is_whole_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "faces"
    with safe_file(file) as sink:
        sink.write(b"face")
        assert not file.exists()
        assert stat.S_IMODE(os.fstat(sink.fileno()).st_mode) == 0o600

    assert file.read_bytes() == b"face"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_process_that_is_killed_leaves_no_face(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from efr_cli.safe_file import safe_file
with safe_file(Path(sys.argv[1])) as sink:
    sink.write(b"face" * 1_000_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "faces")]
    killed = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("file_system")
def test_what_was_there_stays_if_writing_fails(tmp_path: Path) -> None:
    file = tmp_path / "faces"
    file.write_bytes(b"former")

    def breaks_off() -> None:
        with safe_file(file) as sink:
            sink.write(b"half of")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        breaks_off()

    assert file.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("file_system")
def test_two_that_write_the_same_file_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "faces"
    with safe_file(file) as one:
        one.write(b"one")
        with safe_file(file) as other:
            other.write(b"other")
        one.write(b" more")

    assert file.read_bytes() == b"one more"
    assert list(tmp_path.iterdir()) == [file]


def test_bytes_are_on_the_disk_before_the_name_is_and_the_name_on_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, synced = tmp_path / "faces", []
    fsync = os.fsync

    def noted(handle: int) -> None:
        fsync(handle)
        synced.append((stat.S_ISDIR(os.fstat(handle).st_mode), file.exists()))

    monkeypatch.setattr(os, "fsync", noted)

    with safe_file(file) as sink:
        sink.write(b"face")

    is_folder, is_named = True, True
    assert synced == [(not is_folder, not is_named), (is_folder, is_named)]


@pytest.mark.parametrize(("number", "is_told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_folder_that_no_file_system_can_sync_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_told: bool
) -> None:
    file, fsync = tmp_path / "faces", os.fsync

    def refused(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, "refused")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refused)

    def write() -> None:
        with safe_file(file) as sink:
            sink.write(b"face")

    with pytest.raises(OSError, match="refused") if is_told else nullcontext():
        write()

    assert file.read_bytes() == b"face"


def test_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    with safe_file(pipe) as sink:
        sink.write(b"face")

    assert os.read(handle, 9) == b"face"
    assert pipe.is_fifo()
    os.close(handle)
