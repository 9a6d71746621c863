"""Made-up faces as near to each other as real ones, as many as wanted.

Embeddings of real people are mixed in pairs: with the mean of all taken off,
``cos(a) * one + sin(a) * other`` has their covariance, and there are millions of
pairs. A person is such a mixture of two real people; a photo of the person is the
person moved by such a mixture of two differences between photos of one real person.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.lfw import person_of
from benchmarks.search.rank1_photos import Recognitions
from core.faces.accuracy.error_rates import distances_between

Vectors = NDArray[np.float32]
Counts = NDArray[np.int64]

SEED: Final = 20261127
_PHOTOS_OF_A_PERSON: Final = (1, 9)
_PERSONS_AT_ONCE: Final = 20_000
_NEAR: Final = (0.4, 0.45, 0.5, 0.55, 0.6)


@dataclass(frozen=True, kw_only=True)
class RealFaces:
    """One photo of each person, and differences between photos of one person.

    ``people`` is float32 of shape (P, D); ``spreads``, (S, D), is divided by the
    root of two, so that its covariance is that of one photo.
    """

    people: Vectors
    spreads: Vectors


@dataclass(frozen=True, kw_only=True)
class MadeFaces:
    """``embeddings`` is (N, D), ``person_of`` (N,): all photos of a person stand together.

    ``known`` are further photos of the first people, ``strangers`` photos of
    people who are not among the embeddings.
    """

    embeddings: Vectors
    person_of: Counts
    known: Vectors
    strangers: Vectors


def real_faces(recognitions: Recognitions) -> RealFaces:
    """Take the photos that show one face."""
    by_person: dict[str, list[Vectors]] = {}
    for photo, recognition in recognitions.items():
        if len(recognition.faces) == 1:
            by_person.setdefault(person_of(photo), []).append(recognition.faces[0].embedding)
    pairs = [
        (one - other) / np.sqrt(2)
        for photos in by_person.values()
        for row, one in enumerate(photos)
        for other in photos[:row]
    ]
    return RealFaces(
        people=np.stack([photos[0] for photos in by_person.values()]),
        spreads=np.stack(pairs).astype(np.float32),
    )


def made_faces(real: RealFaces, count: int, *, probes: int, seed: int = SEED) -> MadeFaces:
    """Make faces and probes: half of them of known people, half of strangers.

    The same seed gives the same faces; fewer of them are the first of more.
    """
    maker = _Maker(real, np.random.default_rng(seed))
    parts: list[Vectors] = []
    photos_of: list[Counts] = []
    known: list[Vectors] = []
    made = 0
    while made < count:
        persons = maker.persons(_PERSONS_AT_ONCE)
        photos = maker.counts(len(persons))
        parts.append(maker.photos(np.repeat(persons, photos, axis=0)))
        photos_of.append(photos)
        if not known:
            known.append(persons)
        made += len(parts[-1])
    counts = np.concatenate(photos_of)
    other = _Maker(real, np.random.default_rng(seed + 1))
    return MadeFaces(
        embeddings=np.concatenate(parts)[:count],
        person_of=np.repeat(np.arange(len(counts)), counts)[:count],
        known=other.photos(known[0][: probes // 2]),
        strangers=other.photos(other.persons(probes - probes // 2)),
    )


def nearness(real: RealFaces, *, seed: int = SEED) -> dict[str, dict[str, dict[str, float]]]:
    """Return how many pairs of two people, and of one, are how near: real and made ones."""
    maker = _Maker(real, np.random.default_rng(seed))
    persons = maker.persons(len(real.people))
    ones, others = maker.photos(persons), maker.photos(persons)
    spreads = np.linalg.norm(real.spreads, axis=1) * np.sqrt(2)
    return {
        "two_people": {
            "real": _shares(_distances_between_all(real.people)),
            "made": _shares(_distances_between_all(ones)),
        },
        "one_person": {
            "real": _shares(spreads),
            "made": _shares(np.linalg.norm(ones - others, axis=1)),
        },
    }


def _distances_between_all(vectors: Vectors) -> NDArray[np.float64]:
    return distances_between(vectors, vectors)[np.triu_indices(len(vectors), 1)]


def _shares(distances: NDArray[Any]) -> dict[str, float]:
    return {f"{near:g}": round(float(np.mean(distances <= near)), 6) for near in _NEAR}


class _Maker:
    def __init__(self, real: RealFaces, generator: np.random.Generator) -> None:
        self._generator = generator
        self._mean = real.people.mean(axis=0)
        self._people = real.people - self._mean
        self._spreads = real.spreads
        self._length = np.linalg.norm(real.people, axis=1).mean()
        within = np.square(real.spreads).sum(axis=1).mean()
        total = np.square(self._people).sum(axis=1).mean()
        self._share = np.sqrt(1 - within / total)

    def persons(self, count: int) -> Vectors:
        """Return points about which a person's photos lie."""
        points: Vectors = self._mean + self._mixed(self._people, count) * self._share
        return points

    def counts(self, persons: int) -> Counts:
        least, most = _PHOTOS_OF_A_PERSON
        return self._generator.integers(least, most + 1, persons)

    def photos(self, persons: Vectors) -> Vectors:
        moved = persons + self._mixed(self._spreads, len(persons))
        scaled: Vectors = moved * (self._length / np.linalg.norm(moved, axis=1, keepdims=True))
        return scaled.astype(np.float32)

    def _mixed(self, vectors: Vectors, count: int) -> Vectors:
        one, other = self._generator.integers(len(vectors), size=(2, count))
        angle = self._generator.uniform(0, 2 * np.pi, size=(count, 1)).astype(np.float32)
        mixed: Vectors = np.cos(angle) * vectors[one] + np.sin(angle) * vectors[other]
        return mixed
