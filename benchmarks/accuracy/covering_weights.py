"""Learn to tell covered faces from bare ones; write core/faces/recognition/covering.json.

    python -m benchmarks.accuracy.covering_weights --models-dir var/models

Masks, cloth, hands and sunglasses are drawn over the faces of 900 people of LFW, in many
shapes, colours and patterns; the other half of the people, with whom docs/accuracy.md
reports, is left out. Patterns are cut from photos without faces.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from tqdm import tqdm

from benchmarks.accuracy.poor_faces import FaceReader, SeenFace, halves
from benchmarks.accuracy.poor_photos import KINDS, Frame, covered
from benchmarks.common.lfw import trial_options
from core.faces.recognition.covering import PARTS, WEIGHTS, edges
from core.faces.recognition.quality import luma_of

_PEOPLE: Final = 900
_SHRINKAGE: Final = 1.0
"""In parts of the mean variance: what is added to each variance."""

_DIGITS: Final = 4
_MILD: Final = (
    "blur of 1.5 px",
    "blur of 3 px",
    "motion blur of 7 px",
    "face of 24 px",
    "dark × 0.3",
    "dark × 0.15",
    "burnt out × 1.8",
    "JPEG of quality 10",
    "half in shadow",
    "hat",
)
"""Poor photos of bare faces, so that blur and shadow are not taken for cloth."""

_COVERS: Final = {"mouth": ("mask", "lower"), "eyes": ("sunglasses", "upper")}

Kinds = dict[str, list[NDArray[np.float32]]]


def main() -> None:
    """Draw, look, learn, write."""
    parser = trial_options(__doc__, out=str(WEIGHTS))
    parser.add_argument("--patterns", type=Path, default=Path("../shared/data/no-face-half"))
    options = parser.parse_args()
    patterns = list(_patterns(options.patterns))
    reader = FaceReader(options.models_dir)
    kinds: Kinds = {}
    people, _ = halves(options.photos)
    for person in tqdm(people[:_PEOPLE], unit="person"):
        _add(kinds, reader, sorted(person.glob("*.jpg"))[0], patterns)
    options.out.write_text(json.dumps(learned(kinds)) + "\n")


def _patterns(folder: Path) -> Iterator[Image.Image]:
    for file in sorted(folder.rglob("*.jpg")):
        pattern = Image.open(file).convert("RGB")
        pattern.thumbnail((500, 500))
        if min(pattern.size) >= 260:
            yield pattern


def _add(kinds: Kinds, reader: FaceReader, file: Path, patterns: list[Image.Image]) -> None:
    random = np.random.default_rng(zlib.crc32(file.stem.encode()))
    photo = Image.open(file).convert("RGB")
    bare = reader.read(photo)
    if bare is None:
        return
    frame = Frame.of(bare.face.landmarks, bare.detection.box)
    drawn: dict[str, Callable[[], Image.Image]] = {
        "mild": lambda: KINDS[str(random.choice(_MILD))](photo, frame, random),
        "mask": lambda: KINDS["mask"](photo, frame, random),
        "lower": lambda: _cover(photo, frame, random, patterns, _lower(random)),
        "sunglasses": lambda: KINDS["sunglasses"](photo, frame, random),
        "upper": lambda: _cover(photo, frame, random, patterns, _upper(random)),
    }
    seen: dict[str, SeenFace | None] = {"bare": bare}
    seen |= {kind: reader.read(draw()) for kind, draw in drawn.items()}
    for kind, face in seen.items():
        if face is not None:
            kinds.setdefault(kind, []).append(edges(luma_of(face.face.chip)))


def _lower(random: np.random.Generator) -> list[tuple[float, float]]:
    top, wide, end = random.uniform(0.35, 0.8), random.uniform(0.6, 1.3), random.uniform(1.5, 2.1)
    sides = [top + random.uniform(-0.1, 0.2) for _ in range(2)]
    ends = [wide * random.uniform(0.6, 1) for _ in range(2)]
    return [(-wide, sides[0]), (0, top), (wide, sides[1]), (ends[0], end), (-ends[1], end)]


def _upper(random: np.random.Generator) -> list[tuple[float, float]]:
    top, end, wide = random.uniform(-0.45, -0.2), random.uniform(0.2, 0.45), 1.1
    wide *= random.uniform(0.8, 1.2)
    lean = random.uniform(-0.1, 0.1)
    return [(-wide, top), (wide, top + lean), (wide, end), (-wide, end + lean)]


def _cover(
    photo: Image.Image,
    frame: Frame,
    random: np.random.Generator,
    patterns: list[Image.Image],
    outline: list[tuple[float, float]],
) -> Image.Image:
    """Cover a part of the face with a pattern, a colour, or the face's own colour."""
    match random.integers(4):
        case 0:
            cloth = _cut_from(patterns, photo.size, random)
        case 1:
            cloth = _cut_from(patterns, photo.size, random).filter(ImageFilter.GaussianBlur(6))
        case 2:
            x, y = frame.at(float(random.choice([-0.45, 0.45])), 0.6)
            inside = (min(max(int(x), 0), photo.width - 1), min(max(int(y), 0), photo.height - 1))
            own: Any = photo.getpixel(inside)
            cloth = Image.new("RGB", photo.size, own)
        case _:
            red, green, blue = (int(level) for level in random.integers(0, 255, 3))
            cloth = Image.new("RGB", photo.size, (red, green, blue))
    return covered(photo, frame, cloth, [outline], softness_px=random.uniform(0, 1.5))


def _cut_from(
    patterns: list[Image.Image], size: tuple[int, int], random: np.random.Generator
) -> Image.Image:
    pattern = patterns[random.integers(len(patterns))]
    left = int(random.integers(0, pattern.width - size[0] + 1))
    top = int(random.integers(0, pattern.height - size[1] + 1))
    return pattern.crop((left, top, left + size[0], top + size[1]))


def learned(kinds: Kinds) -> dict[str, dict[str, Any]]:
    """Return for each part the weights of its cells and the bound between bare and covered."""
    weights = {}
    for part, covers in _COVERS.items():
        bare = [kind for kind in kinds if kind not in covers]
        weights[part] = _discriminant(
            *(
                np.stack([face[PARTS[part]].ravel() for kind in chosen for face in kinds[kind]])
                for chosen in (bare, covers)
            )
        )
    return weights


def _discriminant(bare: NDArray[np.float32], covered_: NDArray[np.float32]) -> dict[str, Any]:
    """Return Fisher's linear discriminant, scaled so that the two means lie 1 apart."""
    spread = (np.cov(bare.T) + np.cov(covered_.T)) / 2
    spread += _SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    apart = covered_.mean(axis=0) - bare.mean(axis=0)
    weights = np.linalg.solve(spread, apart)
    weights /= weights @ apart
    bound = float(weights @ (bare.mean(axis=0) + covered_.mean(axis=0)) / 2)
    return {
        "weights": [round(float(weight), _DIGITS) for weight in weights],
        "bound": round(bound, _DIGITS),
    }


if __name__ == "__main__":
    main()
