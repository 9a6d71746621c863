"""A disk that can be full and can lose power: ext4 in a file, which only root may mount.

A loss of power is ext4's own emergency stop: from then on it writes nothing more, neither data nor
its journal, and what the kernel had not written yet is gone with the mount. The options make it
forget as much as it may: it commits its journal by itself every five minutes only, names a file
before the file's bytes are there, and brings nothing to the disk because a file is replaced.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.waiting import wait_until

_OPTIONS: Final = "loop,commit=300,data=writeback,noauto_da_alloc"
_TOOLS: Final = ("mkfs.ext4", "mount", "umount")
_FILLER: Final = "filler"
_STOP: Final = 0x8004587D
"""EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32)."""
_NOTHING_MORE: Final = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH."""
_SMALLEST: Final = 4096


class OwnDisk:
    """A disk that is mounted at a folder; ``unmount`` must follow.

    Parameters
    ----------
    image : Path
        Where its bytes lie; made anew.
    place : Path
        The folder.
    megabytes : int
    """

    def __init__(self, image: Path, place: Path, *, megabytes: int) -> None:
        self._image = image
        self._place = place
        with image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        # No share is set aside for root, who would find room where others don't.
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        place.mkdir()
        self.mount()

    @staticmethod
    def is_possible(folder: Path) -> bool:
        """Tell whether this process may make such a disk in a folder."""
        if os.geteuid() or not all(map(_found, _TOOLS)):
            return False
        image, place = folder / "try.img", folder / "try"
        try:
            OwnDisk(image, place, megabytes=16).unmount()
        except subprocess.CalledProcessError:
            return False
        finally:
            image.unlink(missing_ok=True)
            place.rmdir()
        return True

    def mount(self) -> None:
        _run("mount", "-o", _OPTIONS, str(self._image), str(self._place))

    def unmount(self) -> None:
        """Take it off, once the last process that used it is gone."""
        wait_until(self._is_off, seconds=20, what=f"{self._place} to be left by all processes")

    def fill(self, *, room: int = 0) -> None:
        """Leave room for that many bytes."""
        handle = os.open(self._place / _FILLER, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            free = os.fstatvfs(handle)
            taken = free.f_bavail * free.f_frsize - room
            while taken >= _SMALLEST:
                try:
                    os.posix_fallocate(handle, os.fstat(handle).st_size, taken)
                except OSError:
                    taken //= 2
        finally:
            os.close(handle)

    def make_room(self) -> None:
        (self._place / _FILLER).unlink(missing_ok=True)

    def lose_power(self) -> None:
        """Keep nothing more; `unmount` and `mount` bring back what was on the disk by then."""
        handle = os.open(self._place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(handle, _STOP, struct.pack("I", _NOTHING_MORE))
        finally:
            os.close(handle)

    def _is_off(self) -> bool:
        with suppress(subprocess.CalledProcessError):
            _run("umount", str(self._place))
            return True
        return False


def _found(tool: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))  # noqa: TID251 - a tool's place
    return shutil.which(tool, path=path)


def _run(tool: str, *options: str) -> None:
    subprocess.run([_found(tool) or tool, *options], check=True, capture_output=True)
