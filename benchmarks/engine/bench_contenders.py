"""One contender of the benchmark: reads photo paths, answers with named faces.

Run by ``bench_engine.py`` in a process of its own, perhaps with the interpreter
of another environment, where this project is not installed:

    PYTHON bench_contenders.py KIND CORE GALLERY_JSON

Each line of standard input is the path of a photo; each line of standard output
a JSON object with ``seconds``, ``network_runs`` (``file``, ``shape`` of the input,
``seconds``; of our own engine only), ``rss_bytes`` and ``faces`` (``box`` as left,
top, right, bottom, and ``name``).
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

_SAME_PERSON_DISTANCE = 0.6


class Contender(Protocol):
    """Finds the faces of a photo: boxes in pixels, embeddings as (N, 128)."""

    network_runs: list[dict[str, Any]]

    def faces(self, photo: bytes) -> tuple[list[list[float]], Any]: ...


class Ours:
    """An engine of this project; ``argument`` is ``FACE_ENGINE`` and models folder."""

    def __init__(self, argument: str) -> None:
        from core.faces.detection.multi_scale_search import DEFAULT_MIN_FACE_PX
        from core.faces.engines.engine import DEFAULT_MAX_FACES
        from core.faces.engines.factory import load_engine
        from core.faces.models.network import Network

        self.network_runs: list[dict[str, Any]] = []
        load, run = Network.__init__, Network.run
        files: dict[Network, str] = {}

        def named(network: Network, path: Path, **options: Any) -> None:
            load(network, path, **options)
            files[network] = str(path)

        def timed(network: Network, values: Any) -> Any:
            started = time.perf_counter()
            outputs = run(network, values)
            seconds = time.perf_counter() - started
            self.network_runs.append(
                {"file": files[network], "shape": values.shape, "seconds": seconds}
            )
            return outputs

        Network.__init__ = named  # type: ignore[method-assign, assignment]
        Network.run = timed  # type: ignore[method-assign, assignment]
        name, _, models_dir = argument.partition(",")
        self._engine = load_engine(
            name=name,
            models_dir=Path(models_dir),
            insightface_models_dir=None,
            embedder=None,
            max_pixels=200_000_000,
            detection_max_side_px=None,
            min_face_px=DEFAULT_MIN_FACE_PX,
            cuda=False,
            max_faces=DEFAULT_MAX_FACES,
        )

    def faces(self, photo: bytes) -> tuple[list[list[float]], Any]:
        found = self._engine.recognise(photo).faces
        boxes = [[face.box.left, face.box.top, face.box.right, face.box.bottom] for face in found]
        return boxes, np.array([face.embedding for face in found])


class FaceRecognition:
    """The package face_recognition; ``argument`` is ``hog`` or ``cnn``."""

    def __init__(self, argument: str) -> None:
        import face_recognition

        self.network_runs: list[dict[str, Any]] = []
        self._package = face_recognition
        self._model = argument

    def faces(self, photo: bytes) -> tuple[list[list[float]], Any]:
        image = self._package.load_image_file(io.BytesIO(photo))
        found = self._package.face_locations(image, model=self._model)
        boxes = [[left, top, right, bottom] for top, right, bottom, left in found]
        return boxes, np.array(self._package.face_encodings(image, found))


class DeepFace:
    """The package deepface with dlib's detector and weights."""

    def __init__(self, argument: str) -> None:
        import deepface.DeepFace  # type: ignore[import-not-found]

        self.network_runs: list[dict[str, Any]] = []
        self._package = deepface.DeepFace
        self._detector = argument or "dlib"

    def faces(self, photo: bytes) -> tuple[list[list[float]], Any]:
        from PIL import Image

        image = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB"))[:, :, ::-1]
        found = self._package.represent(
            image, model_name="Dlib", detector_backend=self._detector, enforce_detection=False
        )
        areas = [face["facial_area"] for face in found if face.get("face_confidence", 1)]
        boxes = [[a["x"], a["y"], a["x"] + a["w"], a["y"] + a["h"]] for a in areas]
        kept = [face for face in found if face.get("face_confidence", 1)]
        return boxes, np.array([face["embedding"] for face in kept])


KINDS: dict[str, Callable[[str], Contender]] = {
    "ours": Ours,
    "face_recognition": FaceRecognition,
    "deepface": DeepFace,
}


def main() -> None:
    """Answer until the end of input."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kind", "core", "gallery_file"):
        parser.add_argument(name)
    kind, core, gallery_file = vars(parser.parse_args()).values()
    os.sched_setaffinity(0, {int(core)})
    answers = sys.stdout
    sys.stdout = sys.stderr  # packages that print must not spoil the answers
    name, _, argument = kind.partition(":")
    contender = KINDS[name](argument)
    gallery = json.loads(Path(gallery_file).read_text())
    names = list(gallery)
    enrolled = np.array(
        [contender.faces(Path(file).read_bytes())[1][0] for file in gallery.values()]
    )
    for line in sys.stdin:
        answer = _answer(contender, Path(line.strip()), names, enrolled)
        print(json.dumps(answer), file=answers, flush=True)


def _answer(contender: Contender, file: Path, names: list[str], enrolled: Any) -> dict[str, Any]:
    photo = file.read_bytes()
    contender.network_runs = []
    started = time.perf_counter()
    boxes, embeddings = contender.faces(photo)
    faces = [
        {"box": box, "name": _name(embedding, names, enrolled)}
        for box, embedding in zip(boxes, embeddings, strict=True)
    ]
    return {
        "seconds": time.perf_counter() - started,
        "network_runs": contender.network_runs,
        "rss_bytes": _rss_bytes(),
        "faces": faces,
    }


def _name(embedding: Any, names: list[str], enrolled: Any) -> str:
    distances = np.linalg.norm(enrolled - embedding, axis=1)
    nearest = int(np.argmin(distances))
    return names[nearest] if distances[nearest] <= _SAME_PERSON_DISTANCE else "Unknown"


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
