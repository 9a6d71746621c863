"""Error rates of face recognition, computed from distances between embeddings.

References
----------
ISO/IEC 19795-1:2021: false match and false non-match rate (1:1), false
positive and false negative identification rate (1:N).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Rates of comparing two photos, at one largest distance."""

    distance: float
    fmr: float
    fnmr: float


@dataclass(frozen=True, kw_only=True)
class Identification:
    """Rates of searching a gallery, at one largest distance."""

    distance: float
    fpir: float
    fnir: float


def distances_between(
    ones: NDArray[np.float32], others: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the Euclidean distances of embeddings of shape (N, D) and (M, D), as (N, M)."""
    one, other = ones.astype(np.float64), others.astype(np.float64)
    squares = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)
    distances: NDArray[np.float64] = np.sqrt(np.clip(squares - 2 * one @ other.T, 0, None))
    return distances


def verification_rates(
    genuine: NDArray[np.float64], impostor: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> list[Verification]:
    """Return FMR and FNMR at each threshold.

    Parameters
    ----------
    genuine, impostor : ndarray of float64, shape (N,) and (M,)
        Distances of pairs of one person, and of two.
    """
    near, far = np.sort(genuine), np.sort(impostor)
    return [
        Verification(
            distance=float(threshold),
            fmr=float(np.searchsorted(far, threshold, "right") / far.size),
            fnmr=float(1 - np.searchsorted(near, threshold, "right") / near.size),
        )
        for threshold in thresholds
    ]


def best_threshold(distances: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Return the distance that judges most pairs rightly, the middle of equally good ones."""
    candidates = np.unique(np.concatenate([[0.0], distances]))
    middles = np.append((candidates[1:] + candidates[:-1]) / 2, candidates[-1] + 1e-6)
    right = [np.mean((distances <= threshold) == same) for threshold in middles]
    best = middles[np.flatnonzero(np.array(right) == max(right))]
    return float(np.median(best))


def identification_rates(
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    thresholds: NDArray[np.float64],
    *,
    gallery_size: int,
    draws: int,
    seed: int,
) -> list[Identification]:
    """Return FPIR and FNIR of galleries with one photo each of people drawn by chance.

    Every other photo is a probe. A negative is false when the probe's own
    person is not the nearest, or not within the threshold; a positive, when
    anybody is within the threshold of a probe who is not enrolled.
    """
    generator = np.random.default_rng(seed)
    strangers: list[NDArray[np.float64]] = []
    mates: list[NDArray[np.float64]] = []
    names = np.unique(people)
    for _ in range(draws):
        enrolled = generator.choice(names, gallery_size, replace=False)
        gallery = np.array([generator.choice(np.flatnonzero(people == name)) for name in enrolled])
        probes = np.setdiff1d(np.arange(len(people)), gallery)
        distances = distances_between(embeddings[probes], embeddings[gallery])
        nearest = distances.argmin(axis=1)
        known = np.isin(people[probes], enrolled)
        right = people[gallery][nearest] == people[probes]
        smallest = distances[np.arange(len(probes)), nearest]
        strangers.append(smallest[~known])
        mates.append(np.where(right, smallest, np.inf)[known])
    return [
        Identification(distance=rates.distance, fpir=rates.fmr, fnir=rates.fnmr)
        for rates in verification_rates(
            np.concatenate(mates), np.concatenate(strangers), thresholds
        )
    ]
