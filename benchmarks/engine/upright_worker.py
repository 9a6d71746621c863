"""One side of ``upright.py``: reads photo paths, answers with processor time and boxes.

    PYTHONPATH=CHECKOUT PYTHON upright_worker.py PROFILE MODELS_DIR CORE

Each line of standard output is a JSON object with ``cpu_ms`` and ``boxes`` (left, top, right,
bottom of each face).
"""

import json
import os
import sys
import time
from pathlib import Path

try:
    from core.faces.engines.builtin import FaceEngine
except ImportError:  # in checkouts from before the packages
    from core.faces.recognition import FaceEngine  # type: ignore[attr-defined, no-redef]


def main() -> None:
    """Answer until the end of input."""
    profile, models_dir, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    engine = FaceEngine.load(profile=profile, models_dir=Path(models_dir), max_pixels=50_000_000)
    for line in sys.stdin:
        photo = Path(line.strip()).read_bytes()
        started = time.process_time()
        found = engine.recognise(photo).faces
        cpu_ms = (time.process_time() - started) * 1000
        boxes = [[face.box.left, face.box.top, face.box.right, face.box.bottom] for face in found]
        print(json.dumps({"cpu_ms": cpu_ms, "boxes": boxes}), flush=True)


if __name__ == "__main__":
    main()
