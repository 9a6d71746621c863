"""One way to search, in a process of its own; run by ``bench_search.py``.

    PYTHON bench_search_process.py WAY PROBES_NPY ARGUMENT

perhaps with the interpreter of another environment, where this project is not
installed. Each line of standard input is a JSON object whose ``do`` names a method
of the way, each line of standard output its answer.
"""

import argparse
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np


@contextmanager
def _timed(answers: dict[str, list[Any]]) -> Iterator[None]:
    """Note the time that a search takes, by the clock and of this thread alone."""
    started, cpu_started = time.perf_counter(), time.thread_time()
    yield
    answers["cpu_seconds"].append(time.thread_time() - cpu_started)
    answers["seconds"].append(time.perf_counter() - started)


class Way(ABC):
    """Searches faces, which are numbered; ``probes`` is float32 of shape (N, D)."""

    def __init__(self, probes: Any) -> None:
        self._probes = probes

    @abstractmethod
    def nearest(self, probe: Any, limit: int) -> list[Any]:
        """Return what is found, nearest first."""

    def face(self, found: Any) -> int:
        return int(found)

    def search(self, first: int, end: int, limit: int) -> dict[str, Any]:
        """Search one probe after the other; only the search itself is timed."""
        answers: dict[str, list[Any]] = {"seconds": [], "cpu_seconds": [], "faces": []}
        for probe in self._probes[first:end]:
            with _timed(answers):
                found = self.nearest(probe, limit)
            answers["faces"].append([self.face(each) for each in found])
        return answers

    def memory(self) -> dict[str, Any]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {"rss_bytes": pages * os.sysconf("SC_PAGE_SIZE")}


class Ours(Way):
    """The project's own index.

    The argument is JSON: ``gallery_id``, and what `LanceFaceIndex` is made with.
    """

    def __init__(self, probes: Any, argument: str) -> None:
        from benchmarks.search.bench_search_journals import journals_of
        from core.gallery.lance.index import LanceFaceIndex

        super().__init__(probes)
        options = json.loads(argument)
        self._gallery_id, uri = options.pop("gallery_id"), options.pop("uri")
        self._index = LanceFaceIndex(uri, journals_of(uri, options["storage_options"]), **options)

    def nearest(self, probe: Any, limit: int) -> list[Any]:
        (matches,) = self._index.search(self._gallery_id, probe[np.newaxis], limit=limit)
        return matches

    def face(self, found: Any) -> int:
        return UUID(found.face_id).int

    def search_people(self, first: int, end: int, limit: int) -> dict[str, Any]:
        """Search for the people near each probe, as ``search`` does for faces."""
        answers: dict[str, list[Any]] = {"seconds": [], "cpu_seconds": [], "people": []}
        for probe in self._probes[first:end]:
            with _timed(answers):
                (found,) = self._index.search_people(
                    self._gallery_id, probe[np.newaxis], limit=limit
                )
            answers["people"].append([each.person for each in found.nearest])
        return answers

    def state(self) -> dict[str, Any]:
        return {"state": self._index.states().get(self._gallery_id, "loading")}

    def wait_for(self, face: int, probe: int) -> dict[str, Any]:
        """Search until that face is the nearest."""
        while [self.face(each) for each in self.nearest(self._probes[probe], 1)] != [face]:
            time.sleep(0.01)
        return {"found_at": time.time()}

    def warm_up(self, gallery_id: str) -> dict[str, Any]:
        """Search another gallery, so that whatever a process needs for any is loaded."""
        while self._index.states().get(gallery_id) != "index":
            self._index.search(gallery_id, self._probes[:1], limit=1)
            time.sleep(0.05)
        self._index.search(gallery_id, self._probes[:1], limit=1)
        return {}

    def memory(self) -> dict[str, Any]:
        """Tell the arrays' bytes too, once the gallery is loaded."""
        kept = self._index._cache._kept.get(self._gallery_id)
        return super().memory() | {"array_bytes": 0 if kept is None else _array_bytes(kept.gallery)}


def _array_bytes(gallery: Any) -> int:
    vectors, columns = gallery._vectors, gallery._columns
    of_faces = [*vars(columns).values(), *vars(columns._chains).values()]
    held = [value for value in of_faces if isinstance(value, np.ndarray)]
    kept = getattr(vectors, "_vectors", vectors)
    held += [value for value in vars(kept).values() if isinstance(value, np.ndarray)]
    sketches = getattr(vectors, "_sketches", None)
    in_sketches = 0 if sketches is None else sketches._index.codes.size()
    return int(in_sketches + sum(array.nbytes for array in held))


class Flat(Way):
    """FAISS compares the probe with all."""

    def __init__(self, probes: Any, argument: str) -> None:
        import faiss

        super().__init__(probes)
        self._faiss = faiss
        self._faces = np.load(argument)

    def nearest(self, probe: Any, limit: int) -> list[Any]:
        self._faiss.omp_set_num_threads(1)
        found: list[Any] = self._faiss.knn(probe[np.newaxis], self._faces, limit)[1][0].tolist()
        return found


class Product(Way):
    """numpy's product of the matrix of all faces with the probe."""

    def __init__(self, probes: Any, argument: str) -> None:
        super().__init__(probes)
        self._faces = np.load(argument)
        self._squares = np.square(self._faces).sum(axis=1)

    def nearest(self, probe: Any, limit: int) -> list[Any]:
        squared = self._squares - 2 * (self._faces @ probe)
        return np.argpartition(squared, limit)[:limit].tolist() if limit > 1 else [squared.argmin()]


class FaceDistance(Way):
    """face_recognition's ``face_distance`` over a list; its formula where it is not installed."""

    def __init__(self, probes: Any, argument: str) -> None:
        super().__init__(probes)
        self._faces = list(np.load(argument))
        try:
            from face_recognition import face_distance
        except ImportError:
            self._distance = _face_distance
        else:
            self._distance = face_distance

    def nearest(self, probe: Any, limit: int) -> list[Any]:
        nearest: list[Any] = np.argsort(self._distance(self._faces, probe))[:limit].tolist()
        return nearest


def _face_distance(faces: Any, probe: Any) -> Any:
    return np.linalg.norm(faces - probe, axis=1)


WAYS: dict[str, Callable[[Any, str], Way]] = {
    "ours": Ours,
    "flat": Flat,
    "product": Product,
    "face_distance": FaceDistance,
}


def main() -> None:
    """Answer until the end of input."""
    parser = argparse.ArgumentParser(description=__doc__)
    for each in ("name", "probes_file", "argument"):
        parser.add_argument(each)
    name, probes_file, argument = vars(parser.parse_args()).values()
    answers = sys.stdout
    sys.stdout = sys.stderr  # packages that print must not spoil the answers
    way = WAYS[name](np.load(probes_file), argument)
    for line in sys.stdin:
        question = json.loads(line)
        answer = getattr(way, question.pop("do"))(**question)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
