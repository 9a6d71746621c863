"""Compare embeddings of kept pictures with those of their photos, and what the pictures cost.

Usage: make bench-crops

Each photo of a sample of LFW's development view is recognised with and without a picture, in turn,
by processor time. Then the picture is embedded as `efr reembed` does.
"""

import json
import math
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from benchmarks.common.lfw import MAX_PIXELS, trial_options
from core.faces.engines.builtin import FaceEngine, Recognition
from core.faces.photos.face_crops import CROP_MARGIN, CROP_SIDE_PX
from core.faces.results import Face, Needed
from core.settings import DEFAULT_MAX_DISTANCE

_SEED: Final = 17
_WITHOUT: Final = Needed(described=1)
_WITH: Final = Needed(described=1, crops=True)


def main() -> None:
    parser = trial_options(__doc__, out="docs/benchmarks/crops.json")
    parser.add_argument("--sample", type=int, default=300, help="photos")
    options = parser.parse_args()
    files = sorted((options.photos / "images").rglob("*.jpg"))
    sample = random.Random(_SEED).sample(files, options.sample)  # noqa: S311 - a sample
    engine = FaceEngine.load(models_dir=options.models_dir, max_pixels=MAX_PIXELS)
    found = measure(engine, [file.read_bytes() for file in sample])
    found = {
        "command": "make bench-crops",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "side_px": CROP_SIDE_PX,
        "margin": CROP_MARGIN,
        "default_max_distance": DEFAULT_MAX_DISTANCE,
        **found,
    }
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def measure(engine: FaceEngine, photos: list[bytes]) -> dict[str, Any]:
    """Return distances, sizes and times of the largest face of each photo."""
    distances: list[float] = []
    sizes: list[int] = []
    spent: dict[bool, list[float]] = {False: [], True: []}
    lost = 0
    for number, photo in enumerate(tqdm(photos, unit="photo")):
        recognition = None
        for is_kept in (True, False) if number % 2 else (False, True):  # neither is always first
            began = time.process_time()
            answer = engine.recognise(photo, _WITH if is_kept else _WITHOUT)
            spent[is_kept].append(time.process_time() - began)
            recognition = answer if is_kept else recognition
        if recognition is None or not recognition.faces:
            continue
        face = recognition.faces[0]
        crop = face.crop or b""
        sizes.append(len(crop))
        again = _middle_face(engine.recognise(crop))
        if again is None:
            lost += 1
        else:
            distances.append(float(np.linalg.norm(again.embedding - face.embedding)))
    return {
        "faces": len(sizes),
        "without_a_face_on_the_picture": lost,
        "distance": {
            name: round(float(np.quantile(distances, share)), 3)
            for name, share in {"median": 0.5, "p99": 0.99, "largest": 1.0}.items()
        },
        "bytes": round(float(np.mean(sizes))),
        "processor_ms_a_photo": {
            "without": round(1000 * float(np.median(spent[False])), 2),
            "with": round(1000 * float(np.median(spent[True])), 2),
        },
        "ratio": round(float(np.median(spent[True]) / np.median(spent[False])), 3),
    }


def _middle_face(recognition: Recognition) -> Face | None:
    middle = recognition.width / 2, recognition.height / 2
    return min(recognition.faces, key=lambda face: math.dist(face.box.middle, middle), default=None)


if __name__ == "__main__":
    main()
