"""Decides whose face it is: similarities of people, and what they say of false names.

A face is compared with templates, each made of all faces of a person. What comes out is a
similarity of 0–100 that means the same in every gallery: at 80, one stranger in a hundred
is named. Unnamed faces have no say.

References
----------
R. Auckenthaler et al., Score normalization for text-independent speaker verification
systems, 2000; the crowding here is that of the gallery itself, seen from both sides.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.calibration import CANDIDATES as CANDIDATES
from core.faces.calibration import Calibration as Calibration
from core.faces.calibration import Seen, Spread
from core.faces.calibration import calibration_of as calibration_of
from core.faces.crowd import Crowd, evened
from core.faces.similarity import SIMILARITY_AT_THRESHOLD, similarity
from core.faces.templates import template_of as template_of

DEFAULT_FALSE_NAME_RATE: Final = 0.01
"""How often a stranger is named at a similarity of 80."""

_DECADES: Final = (-15.0, -3.0, 0.0, 4.0)
_SIMILARITIES: Final = (100.0, 95.0, SIMILARITY_AT_THRESHOLD, 0.0)
"""By how many powers of ten more false names a similarity stands for than 80 does."""
_BLOCK: Final = 16
"""Templates compared with all others at once, so that a thousand of them take little memory."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person who may be the one on the photo.

    ``distance`` is that of the face and the person's template, which ``faces`` of their
    enrolled faces made. Without a ``template`` a decision doesn't see how near people
    are to each other, and takes strangers to be as near to them as to the face: it is less
    exact, and can't tell that two names are one person.
    """

    distance: float
    faces: int
    template: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How like the face each candidate is.

    ``similarities`` has one number of 0–100 per candidate, in the candidates' order; sort
    by it, since it need not fall with the distance. ``alike`` has the indexes of
    candidates whose templates are so near the best one's that both names may be one
    person's.
    """

    similarities: tuple[float, ...]
    alike: tuple[int, ...] = ()


def decide(
    face: NDArray[np.float32],
    candidates: Sequence[Candidate],
    *,
    people: int,
    calibration: Calibration,
) -> Decision:
    """Return how like a face the people of a gallery are.

    Two photos are compared as a gallery of one person with one face.

    Parameters
    ----------
    face : ndarray of float32, shape (D,)
        Embedding; not modified.
    candidates : sequence of Candidate
        The people nearest to the face, nearest first: `CANDIDATES` of them or more, or all
        if there are fewer.
    people : int
        Number of people in the gallery.
    """
    if not candidates:
        return Decision(similarities=())
    distance, apart = _distances(face, candidates, calibration.crowd)
    seen = Seen.of(distance, apart, np.array([candidate.faces for candidate in candidates]))
    people = max(people, len(candidates))
    found = similarities_of(seen, people=people, calibration=calibration)
    best = int(found.argmax())
    spread = calibration.spread
    return Decision(
        similarities=tuple(found.tolist()),
        alike=()
        if spread is None
        else _alike(best, apart, seen.share, people=people, spread=spread),
    )


def similarities_of(seen: Seen, *, people: int, calibration: Calibration) -> NDArray[np.float64]:
    """Return the similarities of what is seen in a gallery of so many people."""
    if calibration.spread is None:
        most = calibration.max_distance
        found = [similarity(each, threshold_distance=most) for each in seen.distance.flat]
        return np.array(found).reshape(seen.distance.shape)
    return _similarities_at(calibration.spread.expected(seen, people=people))


def _distances(
    face: NDArray[np.float32], candidates: Sequence[Candidate], crowd: Crowd | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the face's distances to the templates, and theirs to each other, nan if unknown."""
    distance = np.array([candidate.distance for candidate in candidates])
    apart: NDArray[np.float64] = np.full((len(candidates), len(candidates)), np.nan)
    known = [candidate.template for candidate in candidates if candidate.template is not None]
    templates = np.stack(known).astype(np.float64) if len(known) == len(candidates) else None
    if templates is not None:
        blocks = (templates[start : start + _BLOCK] for start in range(0, len(templates), _BLOCK))
        apart = np.concatenate(
            [np.linalg.norm(block[:, None] - templates, axis=2) for block in blocks]
        )
    if crowd is None:
        return distance, apart
    # Where strangers are near a face, they usually are near those that are like it, too.
    of_face = crowd.of(face)
    of_people = np.full(len(distance), of_face) if templates is None else crowd.of(templates)
    near = evened(distance, of_face, of_people)
    return near, evened(apart, of_people[:, None], of_people)


def _alike(
    best: int,
    apart: NDArray[np.float64],
    shares: NDArray[np.float64],
    *,
    people: int,
    spread: Spread,
) -> tuple[int, ...]:
    """Return those whose template would be named as the best one's, were it a face."""
    most = _expectation(DEFAULT_FALSE_NAME_RATE)
    return tuple(
        other
        for other, distance in enumerate(apart[best].tolist())
        if other != best
        and spread.expected_alike(
            distance, shares=float(shares[[best, other]].sum()), people=people
        )
        <= most
    )


def least_similarity(false_name_rate: float) -> float:
    """Return the similarity from which strangers are named at a rate; 80 for 0.01.

    Parameters
    ----------
    false_name_rate : float
        Over 0, at most 0.5.
    """
    return float(_similarities_at(np.array(_expectation(false_name_rate))))


def false_name_rate(least: float) -> float:
    """Return the share of strangers who are named from a similarity on, 0–1."""
    decades = float(np.interp(least, _SIMILARITIES[::-1], _DECADES[::-1]))
    return -math.expm1(-_expectation(DEFAULT_FALSE_NAME_RATE) * 10**decades)


def _similarities_at(expected: NDArray[np.float64]) -> NDArray[np.float64]:
    usual = _expectation(DEFAULT_FALSE_NAME_RATE)
    decades = np.log10(np.maximum(expected, 1e-300) / usual)
    similarities: NDArray[np.float64] = np.interp(decades, _DECADES, _SIMILARITIES)
    return similarities


def _expectation(rate: float) -> float:
    """Return how many people look like a stranger on average, if one or more do at a rate."""
    return -math.log1p(-rate)
