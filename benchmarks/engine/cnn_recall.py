"""Count the faces that face_recognition finds with its CNN; write the artifact.

Usage: python -m benchmarks.engine.cnn_recall --face-recognition-python PYTHON

Apart from ``bench_engine.py``, because it takes long and no load on the machine
changes what is found. The artifact is written after every photo; a run that was
stopped goes on where it was.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common.contender_processes import (
    SMALL_GALLERY,
    Worker,
    cnn_contender,
    write_gallery,
)
from benchmarks.engine.recall import count_found, read_boxes, sum_of_counts


def main() -> None:
    """Ask about every photo that the artifact lacks."""
    options = _options()
    drawn = read_boxes(options.data / "wider-half")
    boxes = json.loads(options.out.read_text())["boxes"] if options.out.is_file() else {}
    missing = [photo for photo in sorted(drawn) if photo not in boxes]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        gallery = write_gallery(SMALL_GALLERY, options.data, Path(folder))
        worker = Worker(cnn_contender(options.face_recognition_python), options.core, gallery)

        for photo in tqdm(missing, desc="recall"):
            answer = worker.ask(options.data / "wider-half" / "images" / photo)
            boxes[photo] = [face["box"] for face in answer["faces"]]
            _write(options.out, drawn, boxes)
        worker.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--face-recognition-python", required=True, help="that has the package")
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/cnn-recall.json"))
    return parser.parse_args()


def _write(out: Path, drawn: dict[str, Any], boxes: dict[str, list[list[float]]]) -> None:
    counts = [
        count_found(drawn[photo], np.array(found, dtype=np.float64).reshape(-1, 4))
        for photo, found in boxes.items()
    ]
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "photos": len(boxes),
        "photos_left": len(drawn) - len(boxes),
        "found": sum_of_counts(counts),
        "boxes": boxes,
    }
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(artifact) + "\n")
    partial.replace(out)


if __name__ == "__main__":
    main()
