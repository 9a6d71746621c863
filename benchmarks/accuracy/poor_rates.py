"""How often strangers are named, and people rightly, where photos are poor."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.faces.accuracy.error_rates import distances_between


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Least quality of faces that are enrolled, and of those that are looked for."""

    enrol: float
    match: float


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Faces found on photos: embeddings of shape (N, D), and people, quality, reasons by row."""

    people: NDArray[np.str_]
    embeddings: NDArray[np.float32]
    quality: NDArray[np.float64]
    reasons: tuple[tuple[str, ...], ...]
    photos: int


@dataclass(frozen=True, kw_only=True)
class PoorRates:
    """Counts at one largest distance, over galleries drawn by chance.

    Parameters
    ----------
    enrolled : int
        People of a gallery of poor photos.
    gallery : int
        People of a gallery of good photos.
    """

    largest_distance: float
    enrolled: int
    gallery: int
    draws: int
    seed: int

    def in_poor_gallery(self, faces: Faces, bounds: Bounds) -> dict[str, float]:
        """Enrol some people's photos, look for the others', and count how many are named."""
        random = np.random.default_rng(self.seed)
        enrolled, named = [], []
        for _ in range(self.draws):
            order = random.permutation(len(faces.people))
            tried, probes = order[: self.enrolled], order[self.enrolled :]
            kept = tried[faces.quality[tried] >= bounds.enrol]
            near = self._near(faces.embeddings[probes], faces.embeddings[kept])
            enrolled.append(len(kept))
            named += list(near & (faces.quality[probes] >= bounds.match))
        return {"enrolled": round(float(np.mean(enrolled)), 1), "named": share(np.array(named))}

    def strangers_named(self, strangers: Faces, gallery: Faces, bounds: Bounds) -> float:
        """Return the share of strangers who are named when others are enrolled."""
        searched = strangers.quality >= bounds.match
        named = [
            self._near(strangers.embeddings, gallery.embeddings[drawn]) & searched
            for drawn in self._drawn(gallery)
        ]
        return share(np.concatenate(named))

    def recognised(self, mates: Faces, gallery: Faces, bounds: Bounds) -> dict[str, float]:
        """Return the shares of photos of enrolled people that are named rightly, and wrongly."""
        distances = distances_between(mates.embeddings, gallery.embeddings)
        searched = mates.quality >= bounds.match
        right = wrong = 0
        for drawn in self._drawn(gallery):
            for row in np.flatnonzero(searched):
                nearest = self._nearest(distances[row], mates.people[row], gallery.people, drawn)
                if distances[row, nearest] <= self.largest_distance:
                    is_right = gallery.people[nearest] == mates.people[row]
                    right, wrong = right + is_right, wrong + (not is_right)
        trials = mates.photos * self.draws
        return {"right": round(right / trials, 4), "wrong": round(wrong / trials, 4)}

    def _nearest(
        self,
        distances: NDArray[np.float64],
        person: np.str_,
        people: NDArray[np.str_],
        drawn: NDArray[np.intp],
    ) -> np.intp:
        """Return the nearest of a person's own photo and of those of others."""
        own = np.flatnonzero(people == person)
        others = drawn[people[drawn] != person][: self.gallery - 1]
        among = np.concatenate([own, others])
        nearest: np.intp = among[distances[among].argmin()]
        return nearest

    def _drawn(self, gallery: Faces) -> Iterator[NDArray[np.intp]]:
        random = np.random.default_rng(self.seed)
        for _ in range(self.draws):
            yield random.permutation(len(gallery.people))[: self.gallery]

    def _near(self, probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell which probes are within the threshold of anybody."""
        if not len(gallery):
            return np.zeros(len(probes), dtype=np.bool_)
        near: NDArray[np.bool_] = (
            distances_between(probes, gallery).min(axis=1) <= self.largest_distance
        )
        return near


def share(true: NDArray[np.bool_]) -> float:
    """Return the share that is true, 0 of none."""
    return round(float(true.mean()), 4) if true.size else 0.0
