"""A disk in memory that follows system calls, and can forget all that was not brought to it.

The rules are those of POSIX, which are harder than those of the usual file systems: the bytes of a
file are there after a loss of power if the file was synced since, and a name is there, or gone, if
the folder was synced since. Until then a change may be there or not, each by itself, and of a file
any of its blocks. A file is cut off whole or not at all, as file systems with a journal do it, and
SQLite relies on that.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.home.system_calls import SystemCall

_BLOCK: Final = 4096


@dataclass(eq=False)
class _File:
    data: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    position: int = 0
    uncut: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What was kept and what was there before each time that it was cut off, since a sync."""

    def cut(self, size: int) -> None:
        if size < len(self.data):
            self.uncut.append((self.kept, bytes(self.data)))
            del self.data[size:]
            self.kept = bytes(self.data)

    def keep(self, seen: bytes, cuts: int) -> None:
        """Keep what was seen when a sync began, after so many cuts."""
        if len(self.uncut) == cuts:
            self.kept = seen
        else:  # it was cut off again meanwhile
            self.uncut[cuts] = (seen, self.uncut[cuts][1])
        del self.uncut[:cuts]


@dataclass(eq=False)
class _Folder:
    names: "dict[str, _Node]" = field(default_factory=dict)
    kept: "dict[str, _Node]" = field(default_factory=dict)


_Node = _File | _Folder


class UnknownCall(Exception):
    """Raised when a call is not understood, so that nothing is proven by it."""


class ForgetfulDisk:
    """The files below a folder that was empty at first."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._tree = _Folder()
        self._syncing: dict[int, tuple[_Node, Any]] = {}

    def follow(self, call: SystemCall) -> None:
        """Do what a call did."""
        method = getattr(self, f"_{call.name.replace(' ', '_')}", None)
        if method is None:
            raise UnknownCall(call.name)
        method(call)

    def leave(self, target: Path, rng: random.Random | None = None) -> None:
        """Write what is there after a loss of power now to a new folder.

        Nothing that was not synced is there, or a random part of it if ``rng`` is given.
        """
        _leave(self._tree, target, rng)

    # --- calls

    def _openat(self, call: SystemCall) -> None:
        if not call.words & {"O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"}:
            return
        path = call.paths[0]
        file = self._find(path)
        if file is None and "O_CREAT" in call.words:
            file = self._name(path, _File())
        if isinstance(file, _File):
            file.position = len(file.data) if "O_APPEND" in call.words else 0
            if "O_TRUNC" in call.words:
                file.cut(0)

    _open = _openat

    def _creat(self, call: SystemCall) -> None:
        raise UnknownCall(call.name)

    def _lseek(self, call: SystemCall) -> None:
        if isinstance(file := self._of(call), _File):
            file.position = call.result

    def _write(self, call: SystemCall) -> None:
        if isinstance(file := self._of(call), _File):
            _put(file, file.position, call.data[: call.result])
            file.position += call.result

    def _writev(self, call: SystemCall) -> None:
        self._write(call)

    def _pwrite64(self, call: SystemCall) -> None:
        if isinstance(file := self._of(call), _File):
            _put(file, call.numbers[-1], call.data[: call.result])

    def _ftruncate(self, call: SystemCall) -> None:
        if isinstance(file := self._of(call), _File):
            size = call.numbers[-1]
            file.cut(size)
            file.data.extend(bytes(size - len(file.data)))

    def _truncate(self, call: SystemCall) -> None:
        self._ftruncate(call)

    def _fallocate(self, call: SystemCall) -> None:
        if isinstance(file := self._of(call), _File):
            end = sum(call.numbers[-2:])
            file.data.extend(bytes(max(0, end - len(file.data))))

    def _sync_begins(self, call: SystemCall) -> None:
        node = self._of(call)
        if isinstance(node, _File):
            self._syncing[call.process] = node, (bytes(node.data), len(node.uncut))
        elif isinstance(node, _Folder):
            self._syncing[call.process] = node, dict(node.names)

    def _fsync(self, call: SystemCall) -> None:
        if call.process in self._syncing:
            node, seen = self._syncing.pop(call.process)
            if isinstance(node, _File):
                node.keep(*seen)
            else:
                node.kept = seen

    _fdatasync = _fsync

    def _rename(self, call: SystemCall) -> None:
        old, new = call.paths
        node = self._find(old)
        if node is not None:
            self._unname(old)
            self._name(new, node)

    _renameat = _renameat2 = _rename

    def _link(self, call: SystemCall) -> None:
        old, new = call.paths
        node = self._find(old)
        if node is not None:
            self._name(new, node)

    _linkat = _link

    def _unlink(self, call: SystemCall) -> None:
        self._unname(call.paths[0])

    _unlinkat = _rmdir = _unlink

    def _mkdir(self, call: SystemCall) -> None:
        self._name(call.paths[0], _Folder())

    _mkdirat = _mkdir

    # --- names

    def _of(self, call: SystemCall) -> _Node | None:
        return self._find(call.paths[0]) if call.paths else None

    def _parts(self, path: str) -> list[str] | None:
        if path == self._root:
            return []
        inside = path.startswith(f"{self._root}/")
        return path[len(self._root) + 1 :].split("/") if inside else None

    def _find(self, path: str) -> _Node | None:
        parts = self._parts(path)
        if parts is None:
            return None
        node: _Node | None = self._tree
        for part in parts:
            node = node.names.get(part) if isinstance(node, _Folder) else None
        return node

    def _name(self, path: str, node: _Node) -> _Node:
        above, _, name = path.rpartition("/")
        if isinstance(folder := self._find(above), _Folder):
            folder.names[name] = node
        return node

    def _unname(self, path: str) -> None:
        above, _, name = path.rpartition("/")
        if isinstance(folder := self._find(above), _Folder):
            folder.names.pop(name, None)


def _put(file: _File, at: int, data: bytes) -> None:
    file.data.extend(bytes(max(0, at - len(file.data))))
    file.data[at : at + len(data)] = data


def _leave(folder: _Folder, target: Path, rng: random.Random | None) -> None:
    target.mkdir(mode=0o700)
    for name, node in _left_names(folder, rng):
        if isinstance(node, _Folder):
            _leave(node, target / name, rng)
        else:
            (target / name).write_bytes(_left_bytes(node, rng))


def _left_names(folder: _Folder, rng: random.Random | None) -> Iterator[tuple[str, _Node]]:
    for name in sorted(folder.kept.keys() | folder.names.keys()):
        kept, now = folder.kept.get(name), folder.names.get(name)
        left = kept if rng is None or (kept is not now and rng.random() < 0.5) else now
        if left is not None:
            yield name, left


def _left_bytes(file: _File, rng: random.Random | None) -> bytes:
    states = [*file.uncut, (file.kept, bytes(file.data))]
    if rng is None:
        return states[0][0]
    kept, now = rng.choice(states)
    size = rng.choice([len(kept), len(now)])
    left = bytearray()
    for at in range(0, size, _BLOCK):
        source = rng.choice([kept, now])
        left += bytes(source[at : at + _BLOCK]).ljust(_BLOCK, b"\0")
    return bytes(left[:size])
