"""LFW's development view: its photos, its pairs, and their embeddings.

References
----------
G. B. Huang et al., Labeled Faces in the Wild, 2007; view 1: ``pairsDevTrain.txt``
chooses thresholds, ``pairsDevTest.txt`` measures them.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.faces.engines.builtin import Face, FaceEngine, Recognition
from core.faces.geometry import Box
from core.faces.recognition.embedding import Embedder

MAX_PIXELS: Final = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """``embeddings`` is float32 of shape (N, D); ``people`` and ``photos`` name its rows."""

    photos: tuple[str, ...]
    people: NDArray[np.str_]
    embeddings: NDArray[np.float32]
    without_face: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Names of two photos, and whether they show one person."""

    one: str
    other: str
    same: bool


def trial_options(description: str | None, *, out: str) -> argparse.ArgumentParser:
    """Return the options of every script that tries something on these photos."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/lfw-view1"))
    parser.add_argument("--models-dir", type=Path, required=True, help="with YuNet")
    parser.add_argument("--out", type=Path, default=Path(out))
    return parser


def read_pairs(file: Path) -> list[Pair]:
    """Read a pairs file: ``name n m`` for one person, ``name n other m`` for two."""
    return [_pair(line.split("\t")) for line in file.read_text().splitlines()[1:]]


def _pair(row: list[str]) -> Pair:
    if len(row) == 3:
        return Pair(one=_photo(row[0], row[1]), other=_photo(row[0], row[2]), same=True)
    return Pair(one=_photo(row[0], row[1]), other=_photo(row[2], row[3]), same=False)


def _photo(person: str, number: str) -> str:
    return f"{person}_{int(number):04d}"


def person_of(photo: str) -> str:
    """Return whom a photo is named for."""
    return photo.rpartition("_")[0]


def photo_file(folder: Path, photo: str) -> Path:
    """Return where a photo is below the folder of the view."""
    return folder / "images" / person_of(photo) / f"{photo}.jpg"


def engine_with(embedder: Embedder, *, models_dir: Path) -> FaceEngine:
    """Return the profile ``balanced`` with another embedder."""
    loaded = FaceEngine.load(models_dir=models_dir, max_pixels=MAX_PIXELS)
    return FaceEngine(finder=loaded._finder, embedder=embedder, max_pixels=MAX_PIXELS)


def embed_photos(engine: FaceEngine, folder: Path, *, limit: int | None) -> Embedded:
    """Embed the middle face of each photo below a folder."""
    photos, embeddings, without_face, spent_ms = [], [], [], 0.0
    for file in tqdm(sorted(folder.rglob("*.jpg"))[:limit], unit="photo"):
        recognition = engine.recognise(file.read_bytes())
        spent_ms += sum(recognition.timings_ms.values())
        if not recognition.faces:
            without_face.append(file.stem)
            continue
        photos.append(file.stem)
        embeddings.append(_middle_face(recognition).embedding)
    return Embedded(
        photos=tuple(photos),
        people=np.array([person_of(photo) for photo in photos]),
        embeddings=np.stack(embeddings),
        without_face=tuple(without_face),
        seconds=spent_ms / 1000,
    )


def _middle_face(recognition: Recognition) -> Face:
    """Return the face that the photo is named for: LFW's photos are centred on it."""
    size = recognition.width, recognition.height
    return min(recognition.faces, key=lambda face: off_centre(face.box, *size))


def off_centre(box: Box, width: int, height: int) -> float:
    """Return twice the distance of a box's middle from a photo's, in pixels."""
    return float(np.hypot(box.left + box.right - width, box.top + box.bottom - height))
