"""What processes asked of the kernel for their files, as strace wrote it down."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SYNC_BEGINS: Final = "sync begins"
"""Not a call: what was written until then is on the disk when the sync of that process ends."""
_LONGEST: Final = 2**26
"""Bytes of one write; strace takes no number that is much larger."""
_SYNCS: Final = {"fsync", "fdatasync"}
_WITH_NAMES: Final = frozenset(
    {
        "open", "openat", "creat", "truncate", "rename", "renameat", "renameat2", "link", "linkat",
        "symlink", "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    }
)  # fmt: skip
_FROM_FOLDERS: Final = frozenset({"renameat2"})
_CALLS: Final = (
    "open,openat,creat,lseek,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,"
    "fallocate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,"
    "unlinkat,mkdir,mkdirat,rmdir,copy_file_range,sendfile"
)
_WHOLE: Final = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN: Final = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>")
_ENDED: Final = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_ARGUMENT: Final = re.compile(
    r'AT_FDCWD<(?P<here>[^>]*)>|(?P<fd>\d+)<(?P<path>[^>]*)>(?P<gone>\(deleted\))?|"(?P<text>[^"]*)"'
    r"|(?P<word>[A-Z_|0-9]*[A-Z_][A-Z_|0-9]*)|(?P<number>-?\d+)"
)


@dataclass(frozen=True, kw_only=True)
class SystemCall:
    """One call that succeeded.

    ``paths`` are absolute. A file that was opened counts by its name at the time, and not at all
    once it has none. ``data`` is what was written, ``numbers`` the other arguments.
    """

    process: int
    name: str
    paths: tuple[str, ...]
    data: bytes = field(default=b"", repr=False)
    words: frozenset[str] = frozenset()
    numbers: tuple[int, ...] = ()
    result: int = 0


def can_trace() -> bool:
    """Tell whether strace is installed, and may look at processes here."""
    if shutil.which("strace") is None:
        return False
    command = [shutil.which("strace") or "", "-o", "/dev/null", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def traced(command: list[str], log: Path) -> list[str]:
    """Return a command that writes down what another one and all its children ask."""
    strace = [
        "strace",
        "--seccomp-bpf",
        "-f",
        "-y",
        "-xx",
        "-s",
        str(_LONGEST),
        "-e",
        "signal=none",
    ]
    return [*strace, "-s", str(_LONGEST), "-e", f"trace={_CALLS}", "-o", str(log), *command]


def read_calls(lines: Iterable[str], *, below: Path) -> Iterator[SystemCall]:
    """Yield the calls on files below a folder, in the order in which they ended."""
    mark = _in_hex(str(below))
    begun: dict[str, str] = {}
    for line in lines:
        if (found := _BEGUN.match(line)) is not None:
            process, name, arguments = found.groups()
            begun[process] = arguments
            if name in _SYNCS and mark in arguments:
                yield _call(process, SYNC_BEGINS, arguments, 0)
            continue
        if (found := _ENDED.match(line)) is not None:
            process, name, rest = found.groups()
            whole, was_begun = f"{process} {name}({begun.pop(process, '')}{rest}", True
        else:
            whole, was_begun = line, False
        if mark in whole and (found := _WHOLE.match(whole)) is not None:
            process, name, arguments, result = found.groups()
            if int(result) < 0:
                continue
            if name in _SYNCS and not was_begun:
                yield _call(process, SYNC_BEGINS, arguments, 0)
            yield _call(process, name, arguments, int(result))


def _call(process: str, name: str, arguments: str, result: int) -> SystemCall:
    """Sort the arguments of a call by what they are."""
    found = list(_ARGUMENT.finditer(arguments))
    texts = [_bytes(each["text"]) for each in found if each["text"] is not None]
    if name in _WITH_NAMES:
        # Where names are given, an open folder before them is where they begin.
        paths, data = [*_named(found)], b""
    else:
        opened = [each for each in found if each["path"] is not None and not each["gone"]]
        paths, data = [_text(each["path"]) for each in opened], b"".join(texts)
    return SystemCall(
        process=int(process),
        name=name,
        paths=tuple(paths),
        data=data,
        words=frozenset(word for each in found for word in (each["word"] or "").split("|")),
        numbers=tuple(int(each["number"]) for each in found if each["number"] is not None),
        result=result,
    )


def _named(found: Iterable[re.Match[str]]) -> Iterator[str]:
    folder = Path("/")
    for each in found:
        if each["text"] is not None:
            yield os.path.normpath(folder / _text(each["text"]))
        elif (open_folder := each["here"] or each["path"]) is not None:
            folder = Path(_text(open_folder))


def _in_hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(text))


def _bytes(written: str) -> bytes:
    return bytes.fromhex(written.replace("\\x", ""))


def _text(written: str) -> str:
    return os.fsdecode(_bytes(written))
