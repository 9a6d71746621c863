"""Measure what poor photos do, and what the bounds of quality keep away; write the artifact.

    python -m benchmarks.accuracy.bench_quality --models-dir var/models

Good photos of LFW are made worse in many ways. Poor photos of 50 people are enrolled and
strangers in poor photos of the same kind are looked for; strangers in poor photos are looked
for among 100 people in good ones; and so are the 100 people themselves. Everything is counted
twice: without bounds, and with the default ones. The people are those with whom no bound was
chosen.
"""

import json
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.accuracy.poor_faces import FaceReader, SeenFace, halves
from benchmarks.accuracy.poor_photos import KINDS, Frame
from benchmarks.accuracy.poor_rates import Bounds, Faces, PoorRates, share
from benchmarks.common.lfw import trial_options
from core.faces.recognition.quality import assess
from core.settings import Settings

_STRANGERS: Final = 250
_MATES: Final = 150
_SEED: Final = 14
_SETTINGS: Final = Settings(_env_file=None)
NONE: Final = Bounds(enrol=0, match=0)
DEFAULT: Final = Bounds(enrol=_SETTINGS.min_enrol_quality, match=_SETTINGS.min_match_quality)
_RATES: Final = PoorRates(
    largest_distance=_SETTINGS.max_distance, enrolled=50, gallery=100, draws=20, seed=_SEED
)

Seen = list[tuple[str, SeenFace | None]]
"""Whose photo it is, and the face that was found on it."""


def main() -> None:
    """Make the photos, look at them, count."""
    options = trial_options(__doc__, out="docs/benchmarks/quality.json").parse_args()
    reader = FaceReader(options.models_dir)
    _, people = halves(options.photos)
    random = np.random.default_rng(_SEED)
    several = [person for person in people if len(_photos(person)) > 1]
    single = _drawn(random, [person for person in people if len(_photos(person)) == 1], _STRANGERS)
    gallery = _embedded(reader, [(person.name, _read(reader, person, 0)) for person in several])
    strangers = _worsened(reader, [_photos(person)[0] for person in single])
    mates = _worsened(reader, [_photos(each)[1] for each in _drawn(random, several, _MATES)])
    artifact = {
        "bounds": {"enrol": DEFAULT.enrol, "match": DEFAULT.match},
        "largest_distance": _SETTINGS.max_distance,
        "people": {"strangers": len(single), "with_several_photos": len(several)},
        "cpu_ms_per_face": _cost_ms(reader, [_photos(person)[0] for person in single]),
        "good_photos": _good_photos(reader, options.photos),
        "kinds": {kind: _kind(strangers[kind], mates[kind], gallery) for kind in KINDS},
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _photos(person: Path) -> list[Path]:
    return sorted(person.glob("*.jpg"))


def _drawn(random: np.random.Generator, people: list[Path], number: int) -> list[Path]:
    return [people[index] for index in random.permutation(len(people))[:number]]


def _read(reader: FaceReader, person: Path, number: int) -> SeenFace | None:
    return reader.read(Image.open(_photos(person)[number]).convert("RGB"))


def _worsened(reader: FaceReader, files: list[Path]) -> dict[str, Faces]:
    """Return the faces of the photos in every kind; a photo has the same seed in each run."""
    seen: dict[str, Seen] = {kind: [] for kind in KINDS}
    for file in tqdm(files, unit="photo"):
        photo = Image.open(file).convert("RGB")
        face = reader.read(photo)
        if face is None:
            continue
        frame = Frame.of(face.face.landmarks, face.detection.box)
        for kind, worsen in KINDS.items():
            random = np.random.default_rng(zlib.crc32(f"{file.stem}/{kind}".encode()))
            poor = worsen(photo, frame, random)
            seen[kind].append((file.parent.name, reader.read(poor)))
    return {kind: _embedded(reader, faces) for kind, faces in seen.items()}


def _embedded(reader: FaceReader, seen: Seen) -> Faces:
    found = [(person, face) for person, face in seen if face is not None]
    return Faces(
        people=np.array([person for person, _ in found]),
        embeddings=reader.embed([face for _, face in found]),
        quality=np.array([face.quality.score for _, face in found]),
        reasons=tuple(face.quality.flaws for _, face in found),
        photos=len(seen),
    )


def _kind(strangers: Faces, mates: Faces, gallery: Faces) -> dict[str, Any]:
    quality = np.concatenate([strangers.quality, mates.quality])
    flaws = Counter(flaw for faces in (strangers, mates) for row in faces.reasons for flaw in row)
    bounds = {"without": NONE, "with": DEFAULT}
    return {
        "found": round(len(quality) / (strangers.photos + mates.photos), 3),
        "median_quality": round(float(np.median(quality)), 1),
        "reasons": {flaw: round(n / quality.size, 3) for flaw, n in flaws.most_common(3)},
        "refused": share(quality < DEFAULT.enrol),
        "unsearched": share(quality < DEFAULT.match),
        "poor_gallery": {
            name: _RATES.in_poor_gallery(strangers, each) for name, each in bounds.items()
        },
        "strangers_named": {
            name: _RATES.strangers_named(strangers, gallery, each) for name, each in bounds.items()
        },
        "people": {name: _RATES.recognised(mates, gallery, each) for name, each in bounds.items()},
    }


def _cost_ms(reader: FaceReader, files: list[Path]) -> float:
    """Return the processor time in which a face is judged."""
    seen = [reader.read(Image.open(file).convert("RGB")) for file in files]
    faces = [face for face in seen if face is not None]
    started = time.process_time()
    for each in faces:
        assess(each.face, each.detection, sure_score=1.0, photo_size=(250, 250))
    return round((time.process_time() - started) * 1000 / len(faces), 2)


def _good_photos(reader: FaceReader, photos: Path) -> dict[str, Any]:
    """Judge every photo as it is, those of each half of the people for themselves."""
    judged = {}
    for half, people in zip(("choosing", "reporting"), halves(photos), strict=True):
        files = [file for person in people for file in _photos(person)]
        faces = [reader.read(Image.open(file).convert("RGB")) for file in tqdm(files)]
        found = [face.quality for face in faces if face is not None]
        flaws = Counter(flaw for quality in found for flaw in quality.flaws)
        judged[half] = {
            "photos": len(files),
            "found": len(found),
            "refused": share(np.array([quality.score < DEFAULT.enrol for quality in found])),
            "unsearched": share(np.array([quality.score < DEFAULT.match for quality in found])),
            "reasons": {flaw: round(n / len(found), 4) for flaw, n in flaws.most_common()},
        }
    return judged


if __name__ == "__main__":
    main()
