"""A folder as it is after a loss of power: only what was brought to the disk is there."""

import os
import stat
from pathlib import Path

import pytest


class ForgetfulDisk:
    """Remembers the bytes of files and the names in folders when they are synced.

    A file that has a name on the disk, and was never synced, has no bytes there.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self._root = root
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}
        self._remember_folders(root)
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self._synced)

    def after_loss_of_power(self) -> Path:
        """Return a folder with what is left."""
        left = self._root.with_name(f"{self._root.name}-after")
        self._restore(self._root.stat().st_ino, left)
        return left

    def _synced(self, handle: int) -> None:
        self._sync(handle)
        state = os.fstat(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if stat.S_ISDIR(state.st_mode):
            self._names[state.st_ino] = _names_in(path)
        else:
            self._bytes[state.st_ino] = path.read_bytes()

    def _remember_folders(self, folder: Path) -> None:
        self._names[folder.stat().st_ino] = _names_in(folder)
        for each in folder.iterdir():
            if each.is_dir():
                self._remember_folders(each)

    def _restore(self, number: int, to: Path) -> None:
        to.mkdir()
        for name, (inner, is_folder) in self._names.get(number, {}).items():
            if is_folder:
                self._restore(inner, to / name)
            else:
                (to / name).write_bytes(self._bytes.get(inner, b""))


def _names_in(folder: Path) -> dict[str, tuple[int, bool]]:
    with os.scandir(folder) as entries:
        return {entry.name: (entry.inode(), entry.is_dir()) for entry in entries}
