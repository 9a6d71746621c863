"""Measure how often faces of turned photos are named right; write the artifact.

Usage: python -m benchmarks.accuracy.turned --models-dir DIR [--profile NAME]

One upright photo each of 200 people is enrolled, another is turned and looked up.
Every second person was at hand when the parameters were chosen; the others were
not, and are reported apart. What doubtful faces cost is counted in photos of
groups and in photos without faces, as processor time of the search.
"""

import io
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from benchmarks.common.lfw import off_centre, trial_options
from core.faces.detection.multi_scale_search import FaceSearch
from core.faces.engines.builtin import Face, FaceEngine
from core.faces.geometry import half_turn_range
from core.faces.photos.images import Photo

ROLLS: Final = (0, 20, 30, 45, 60, 90, 120, 180, 270)
_PEOPLE: Final = 200
_MAX_DISTANCE: Final = 0.52
_MAX_PIXELS: Final = 50_000_000
_CROWDS: Final = ("face-recognition-examples", "group-half", "wider-half", "no-face-half")
_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")


def main() -> None:
    """Measure one profile, and add it to the artifact."""
    options = _options()
    engine = FaceEngine.load(
        profile=options.profile, models_dir=options.models_dir, max_pixels=_MAX_PIXELS
    )
    people = [files for files in _photos_by_person(options.photos) if len(files) > 1][:_PEOPLE]
    gallery = np.stack([_embedding(engine, files[0]) for files in tqdm(people, desc="enrolled")])
    answers = {roll: _answers(engine, people, gallery, roll) for roll in ROLLS}
    artifact = json.loads(options.out.read_text()) if options.out.is_file() else {}
    artifact[options.label or options.profile] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "chosen_on": {roll: _summary(rows[0::2]) for roll, rows in answers.items()},
        "reported": {roll: _summary(rows[1::2]) for roll, rows in answers.items()},
        "search_ms": {
            name: _search_ms(engine, files)
            for name, files in {
                "lfw-view1": [files[1] for files in people],
                **{name: _photos(options.data / name) for name in _CROWDS},
            }.items()
        },
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> Any:
    parser = trial_options(__doc__, out="docs/benchmarks/turned.json")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--label", help="name in the artifact, instead of the profile's")
    return parser.parse_args()


def _photos_by_person(folder: Path) -> list[list[Path]]:
    return [sorted(person.glob("*.jpg")) for person in sorted((folder / "images").iterdir())]


def _embedding(engine: FaceEngine, file: Path) -> NDArray[np.float32]:
    face = _middle_face(engine, file.read_bytes())
    return np.full(128, np.inf, dtype=np.float32) if face is None else face.embedding


def _answers(
    engine: FaceEngine, people: list[list[Path]], gallery: NDArray[np.float32], roll: int
) -> list[dict[str, Any]]:
    rows = []
    for number, files in enumerate(tqdm(people, desc=f"turned by {roll}")):
        face = _middle_face(engine, turned(files[1], roll))
        distances = np.linalg.norm(gallery - face.embedding, axis=1) if face else np.array([np.inf])
        named = int(distances.argmin()) if distances.min() <= _MAX_DISTANCE else None
        rows.append(
            {
                "found": face is not None,
                "right": named == number,
                "wrong": named not in (number, None),
                "roll_off_by": abs(half_turn_range(face.roll - roll)) if face else None,
            }
        )
    return rows


def turned(file: Path, roll: int) -> bytes:
    """Return a photo, turned clockwise, as a JPEG file; black where it had no pixels."""
    buffer = io.BytesIO()
    with Image.open(file) as image:
        image.convert("RGB").rotate(-roll, Image.Resampling.BICUBIC, expand=True).save(
            buffer, "JPEG", quality=95
        )
    return buffer.getvalue()


def _middle_face(engine: FaceEngine, photo: bytes) -> Face | None:
    recognition = engine.recognise(photo)
    size = recognition.width, recognition.height
    return min(recognition.faces, key=lambda face: off_centre(face.box, *size), default=None)


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = {name: sum(row[name] for row in rows) for name in ("found", "right", "wrong")}
    off_by = [row["roll_off_by"] for row in rows if row["found"]]
    return {
        "people": len(rows),
        **counts,
        "roll_off_by": round(statistics.median(off_by), 1),
        "roll_off_by_over_45": sum(degrees > 45 for degrees in off_by),
    }


def _photos(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in _SUFFIXES]


def _search_ms(engine: FaceEngine, files: list[Path]) -> dict[str, float]:
    """Return the mean processor time of the search per photo, without and with turned looks."""
    search: Any = engine._finder
    found: FaceSearch = search._search
    looks: dict[str, Callable[[Photo], Any]] = {
        "upright": lambda photo: found._find(photo, 0),
        "with_turned": found.find,
    }
    spent = dict.fromkeys(looks, 0.0)
    for file in tqdm(files, desc="search"):
        for name, look in looks.items():
            started = time.process_time()
            look(Photo(file.read_bytes(), max_pixels=_MAX_PIXELS))
            spent[name] += time.process_time() - started
    return {name: round(1000 * total / len(files), 1) for name, total in spent.items()}


if __name__ == "__main__":
    main()
