"""Photos of people, and the answer that the engine itself gives on each."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tqdm import tqdm

from core.bootstrap.recognizers import build_pool
from core.faces.results import Recognition
from core.jobs.recognition_job import NO_FACE, UNKNOWN
from core.ports import Recognizer
from core.settings import Settings

_SUFFIXES: Final = (".jpg", ".jpeg", ".png")

Recognise = Callable[[bytes], Recognition]


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo, the engine's own answer on it, and what that cost the engine.

    ``engine_s`` is how long the engine took by its own clock. It runs in one thread, so this is
    its processor time as well while nothing else runs. ``person`` is whose folder the photo
    lies in.
    """

    path: Path
    content: bytes
    person: str
    expected: str
    faces: int
    engine_s: float


@dataclass(frozen=True, kw_only=True)
class People:
    """One photo of each person to enrol, and the others to upload."""

    enrolled: dict[str, Path]
    probes: tuple[Photo, ...]

    @classmethod
    def of(
        cls,
        folder: Path,
        recognise: Recognise,
        *,
        people: int,
        probes: int,
        max_distance: float,
        min_enrol_quality: float = 0.0,
        min_match_quality: float = 0.0,
        megapixels: float | None = None,
    ) -> Self:
        """Look at photos ``folder/<person>/*`` with the engine, without the service.

        The first photo of a person is enrolled if it shows exactly one face of sufficient
        quality. Up to ``probes`` other photos of all people are the probes, scaled to
        ``megapixels`` if given.

        Raises
        ------
        ValueError
            If no person has two photos there.
        """
        enrolled: dict[str, Path] = {}
        gallery, rest = [], []
        for home in _homes(folder):
            if len(enrolled) == people:
                break
            photos = sorted(p for p in home.iterdir() if p.suffix.lower() in _SUFFIXES)
            first = recognise(photos[0].read_bytes())
            if len(first.faces) == 1 and first.faces[0].quality >= min_enrol_quality:
                enrolled[home.name] = photos[0]
                gallery.append(first.faces[0].embedding)
                rest.append(photos[1:])
        if not enrolled:
            raise ValueError(f"{folder}: no folder in it holds two photos of a person")
        chosen = _alternating(rest)[:probes]
        known = _Known(
            embeddings=np.stack(gallery),
            names=list(enrolled),
            max_distance=max_distance,
            min_quality=min_match_quality,
        )
        measured = [
            _measured(photo, _content(photo, megapixels), recognise, known)
            for photo in tqdm(chosen, desc="asking the engine itself", unit="photo", disable=None)
        ]
        return cls(enrolled=enrolled, probes=tuple(measured))

    def sequence(self, count: int) -> list[Photo]:
        """Return that many probes, beginning again after the last."""
        return list(islice(cycle(self.probes), count))


def known_to(
    settings: Settings,
    folder: Path,
    *,
    people: int = 20,
    probes: int = 60,
    megapixels: float | None = None,
) -> People:
    """Return people as the engine of these settings sees them; see `People.of`."""
    with engine_alone(settings, children=1) as engine:
        return People.of(
            folder,
            engine.recognise,
            people=people,
            probes=probes,
            max_distance=settings.max_distance,
            min_enrol_quality=settings.min_enrol_quality,
            min_match_quality=settings.min_match_quality,
            megapixels=megapixels,
        )


@contextmanager
def engine_alone(settings: Settings, *, children: int) -> Iterator[Recognizer]:
    """Return the engine in children of production, as many as run photos at a time.

    Not in this process, which is larger than a child: in a large process the engine gives memory
    back to the system after each photo, and is slower for it.
    """
    engine = build_pool(settings, processes=children)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


def _homes(folder: Path) -> list[Path]:
    return [
        home
        for home in sorted(folder.iterdir())
        if home.is_dir() and sum(p.suffix.lower() in _SUFFIXES for p in home.iterdir()) > 1
    ]


def _alternating(rows: Sequence[Sequence[Path]]) -> list[Path]:
    """Return the first of each row, then the second, and so on."""
    longest = max(len(row) for row in rows)
    return [row[n] for n in range(longest) for row in rows if n < len(row)]


def _content(path: Path, megapixels: float | None) -> bytes:
    if megapixels is None:
        return path.read_bytes()
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    scale = (megapixels * 1e6 / (upright.width * upright.height)) ** 0.5
    size = (round(upright.width * scale), round(upright.height * scale))
    file = io.BytesIO()
    upright.resize(size).save(file, "JPEG", quality=90)
    return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Enrolled people, and when a face is named as one of them.

    ``embeddings`` is float32 of shape (N, D), in the order of ``names``.
    """

    embeddings: NDArray[np.float32]
    names: list[str]
    max_distance: float
    min_quality: float

    def result(self, recognition: Recognition) -> str:
        """Return what the service promises as ``result``: the name of the largest known face."""
        for face in recognition.faces:
            distances = np.linalg.norm(self.embeddings - face.embedding, axis=1)
            nearest = int(distances.argmin())
            if face.quality >= self.min_quality and distances[nearest] <= self.max_distance:
                return self.names[nearest]
        return UNKNOWN if recognition.faces else NO_FACE


def _measured(path: Path, content: bytes, recognise: Recognise, known: _Known) -> Photo:
    recognition = recognise(content)
    return Photo(
        path=path,
        content=content,
        person=path.parent.name,
        expected=known.result(recognition),
        faces=len(recognition.faces),
        engine_s=sum(recognition.timings_ms.values()) / 1000,
    )
