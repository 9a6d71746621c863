"""A recogniser that tries what a child must not be able to do, for tests of its confinement."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path

from core.errors import InvalidImage
from core.faces.results import EVERY_FACE, Needed, Recognition


class ProbingRecognizer:
    """Tries what the photo says, and tells in the text of an error what came of it."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        what, _, argument = photo.decode().partition(" ")
        try:
            answer = _PROBES[what](argument)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answer = type(error).__name__
        raise InvalidImage(answer)


def _environment(name: str) -> str:
    kept = os.environ.get(name)  # noqa: TID251
    shown = Path("/proc/self/environ").read_bytes()
    return f"{kept} {name.encode() + b'=secret' in shown}"


def _connect(port: str) -> str:
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
    return "connected"


def _run(program: str) -> str:
    return subprocess.run([program], check=True, capture_output=True).stdout.decode()


def _write(path: str) -> str:
    Path(path).write_text("by the child")
    return "written"


def _parent(_: str) -> str:
    with Path(f"/proc/{os.getppid()}/mem").open("r+b"):
        return "opened"


def _signal(pid: str) -> str:
    os.kill(int(pid), 0)
    return "reached"


def _fill(megabytes: str) -> str:
    return str(len(bytearray(int(megabytes) * 2**20)))


def _open_files(_: str) -> str:
    with contextlib.ExitStack() as opened:
        for _number in range(2_000):
            opened.enter_context(Path(os.devnull).open("rb"))
    return "opened"


_PROBES = {
    "environment": _environment,
    "connect": _connect,
    "run": _run,
    "write": _write,
    "parent": _parent,
    "signal": _signal,
    "fill": _fill,
    "files": _open_files,
}


class UnplainRecognizer:
    """Answers with an object that would run code where it is unpickled."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return Exploit(photo.decode())  # type: ignore[return-value]


class Exploit:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[Path, str]]:
        return Path.write_text, (Path(self._path), "by the parent")
