"""Decides whose face it is: similarities of people, and what they say of false names.

A person's template is compared, not each face alone. What comes out is a similarity of
0–100 that means the same in every gallery: at 80, one stranger in a hundred is named.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.results import Model
from core.faces.similarity import SIMILARITY_AT_THRESHOLD, similarity

DEFAULT_FALSE_NAME_RATE: Final = 0.01
"""How often a stranger is named at a similarity of 80."""

CANDIDATES: Final = 12
"""People whom a decision should see, where a gallery has so many."""

_DEFAULT_MAX_DISTANCE: Final = 0.52
_POINTS_ABOVE: Final = 5.0
_POINTS_BELOW: Final = 10.0
"""Points of similarity for ten times fewer false names, and for ten times more."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person who may be the one on the photo.

    ``distance`` is that of the face and the person's template, which ``faces`` of their
    enrolled faces made. ``template`` lets a decision see that two names are one person;
    without it every name is somebody else.
    """

    distance: float
    faces: int
    template: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How like the face each candidate is.

    ``similarities`` has one number of 0–100 per candidate, in the candidates' order; sort
    by it, since it need not fall with the distance where templates are made of few faces
    and of many. ``alike`` has the indexes of other candidates who are so like the best
    one that both names may be one person's.
    """

    similarities: tuple[float, ...]
    alike: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a decision knows of a model; `calibration_of` returns it."""

    max_distance: float


def calibration_of(model: Model, *, max_distance: float | None = None) -> Calibration:
    """Return the calibration of a model.

    Parameters
    ----------
    max_distance : float, optional
        ``MATCH_MAX_DISTANCE``. Where it is set, a similarity of 80 is this distance,
        in every gallery.
    """
    return Calibration(max_distance=max_distance or _DEFAULT_MAX_DISTANCE)


def template_of(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the template of a person.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (N, D)
        All enrolled faces of the person, one or more, in any order; not modified.

    Returns
    -------
    ndarray of float32, shape (D,)
    """
    template: NDArray[np.float32] = embeddings.mean(axis=0, dtype=np.float64).astype(np.float32)
    return template


def decide(candidates: Sequence[Candidate], *, people: int, calibration: Calibration) -> Decision:
    """Return how like a face the people of a gallery are.

    Two photos are compared as a gallery of one person with one face.

    Parameters
    ----------
    candidates : sequence of Candidate
        The people nearest to the face, nearest first: `CANDIDATES` of them, or all if
        there are fewer.
    people : int
        Number of people in the gallery.
    """
    return Decision(
        similarities=tuple(
            similarity(candidate.distance, threshold_distance=calibration.max_distance)
            for candidate in candidates
        )
    )


def least_similarity(false_name_rate: float) -> float:
    """Return the similarity from which strangers are named at a rate; 80 for 0.01.

    Parameters
    ----------
    false_name_rate : float
        Over 0, at most 0.5.
    """
    decades = math.log10(_expected(false_name_rate) / _expected(DEFAULT_FALSE_NAME_RATE))
    return SIMILARITY_AT_THRESHOLD - decades * (_POINTS_BELOW if decades > 0 else _POINTS_ABOVE)


def false_name_rate(least: float) -> float:
    """Return the share of strangers who are named from a similarity on, 0–1."""
    points = SIMILARITY_AT_THRESHOLD - least
    decades = points / (_POINTS_BELOW if points > 0 else _POINTS_ABOVE)
    return -math.expm1(-_expected(DEFAULT_FALSE_NAME_RATE) * 10**decades)


def _expected(rate: float) -> float:
    """Return how many people look like a stranger on average if one does at this rate."""
    return -math.log1p(-rate)
