"""Starts the processes of the benchmark of the search, and what they search."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import numpy as np
from tqdm import tqdm

from benchmarks.common.line_process import LineProcess
from benchmarks.search.bench_search_faces import MadeFaces, Vectors
from benchmarks.search.bench_search_journals import journals_of
from core.aws.provisioning import provision
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.storage import gallery_uri, storage_options
from core.ports import EnrolledFace
from core.settings import Settings
from harness.localstack import LocalStack

_ROOT: Final = Path(__file__).resolve().parents[2]
_PROCESS: Final = Path(__file__).with_name("bench_search_process.py")
_AT_ONCE: Final = 20_000
_POLL_S: Final = 0.05


class Searcher:
    """A process that searches one way."""

    def __init__(self, way: str, probes: Path, argument: str, *, python: str) -> None:
        self.started_at: Final = time.time()
        self._process = LineProcess(
            [python, str(_PROCESS), way, str(probes), argument],
            _ROOT,
            stderr=subprocess.DEVNULL,
            held_by="OPENBLAS_NUM_THREADS",
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer; raises what `LineProcess.ask` raises."""
        return self._process.ask(json.dumps({"do": do, **arguments}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where a gallery lies, as our own searchers are told."""

    uri: str
    options: dict[str, str]
    gallery_id: str

    def index(self) -> LanceFaceIndex:
        return LanceFaceIndex(
            self.uri, journals_of(self.uri, self.options), storage_options=self.options
        )

    def searcher(self, probes: Path, **options: Any) -> Searcher:
        """Start a searcher of ours; options are those of `LanceFaceIndex`."""
        argument = {"uri": self.uri, "storage_options": self.options, **options}
        argument["gallery_id"] = self.gallery_id
        return Searcher("ours", probes, json.dumps(argument), python=sys.executable)


def store(made: MadeFaces, first: int, end: int, stored: Stored) -> None:
    """Add made faces to a gallery; a face's id is its number."""
    index = stored.index()
    index.create(stored.gallery_id, length=made.embeddings.shape[1])
    for start in tqdm(range(first, end, _AT_ONCE), desc=f"storing up to {end:,}"):
        numbers = range(start, min(start + _AT_ONCE, end))
        index.put(stored.gallery_id, [_face(made, number) for number in numbers])
    index.close()


def _face(made: MadeFaces, number: int) -> EnrolledFace:
    return numbered(number, made.embeddings[number], f"person {made.person_of[number]}")


def numbered(number: int, embedding: Vectors, person: str) -> EnrolledFace:
    """Return a face that the searchers know by its number."""
    return EnrolledFace(
        face_id=str(UUID(int=number)), person=person, image_id=f"{number}", embedding=embedding
    )


def seconds_until(searcher: Searcher, *states: str) -> float:
    """Wait until a searcher of ours is in one of the states; return its age."""
    while searcher.ask("state")["state"] not in states:
        time.sleep(_POLL_S)
    return time.time() - searcher.started_at


@contextmanager
def localstack(folder: Path) -> Iterator[Settings]:
    """Run LocalStack with the service's buckets; nothing is kept."""
    running = LocalStack(folder).start()
    try:
        settings = running.settings()
        provision(settings)
        yield settings
    finally:
        running.stop()


def in_bucket(settings: Settings, gallery_id: str) -> Stored:
    return Stored(
        uri=gallery_uri(settings), options=storage_options(settings), gallery_id=gallery_id
    )


def save(array: Vectors, file: Path) -> Path:
    np.save(file, array)
    return file
