"""The contenders of the benchmark, each in a process of its own on one core."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_WORKER: Final = Path(__file__).parents[1] / "engine" / "bench_contenders.py"
_ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = "face-recognition-examples/images"
GALLERY: Final = {
    "obama": f"{EXAMPLES}/examples/obama.jpg",
    "biden": f"{EXAMPLES}/examples/biden.jpg",
}
SMALL_GALLERY: Final = {"obama": f"{EXAMPLES}/examples/obama_small.jpg"}
"""For contenders to whom a large photo is a minute's work."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """``kind`` is what ``bench_contenders.py`` is told, ``python`` who runs it."""

    name: str
    kind: str
    python: str


def cnn_contender(python: str) -> Contender:
    """Return face_recognition with its CNN, for an interpreter that has the package."""
    return Contender(name="face_recognition cnn", kind="face_recognition:cnn", python=python)


class Worker:
    """A contender's process; starts with its gallery enrolled."""

    def __init__(self, contender: Contender, core: int, gallery: Path) -> None:
        started = time.monotonic()
        self._process = subprocess.Popen(
            [contender.python, str(_WORKER), contender.kind, str(core), str(gallery)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ  # noqa: TID251 - handed on, not read
            | {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"},
        )
        first = json.loads(gallery.read_text())
        self.ask(Path(next(iter(first.values()))))
        self.seconds_to_first_answer: Final = time.monotonic() - started

    def ask(self, photo: Path) -> dict[str, Any]:
        """Return the contender's answer on a photo.

        Raises
        ------
        RuntimeError
            If the process ended.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the contender has no pipes")
        self._process.stdin.write(f"{photo}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the contender ended on {photo}: {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def write_gallery(photos: Mapping[str, str], data: Path, folder: Path) -> Path:
    """Write whom a contender enrols at its start; return the file."""
    gallery = folder / "gallery.json"
    gallery.write_text(json.dumps({name: str(data / photo) for name, photo in photos.items()}))
    return gallery
