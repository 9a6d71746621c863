"""The contenders of the benchmark, each in a process of its own on one core."""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.common.line_process import LineProcess

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


class Worker(LineProcess):
    """A contender's process; starts with its gallery enrolled."""

    def __init__(self, contender: Contender, core: int, gallery: Path) -> None:
        started = time.monotonic()
        super().__init__(
            [contender.python, str(_WORKER), contender.kind, str(core), str(gallery)],
            _ROOT,
            stderr=subprocess.DEVNULL,
        )
        first = json.loads(gallery.read_text())
        self.ask(Path(next(iter(first.values()))))
        self.seconds_to_first_answer: Final = time.monotonic() - started


def write_gallery(photos: Mapping[str, str], data: Path, folder: Path) -> Path:
    """Write whom a contender enrols at its start; return the file."""
    gallery = folder / "gallery.json"
    gallery.write_text(json.dumps({name: str(data / photo) for name, photo in photos.items()}))
    return gallery
