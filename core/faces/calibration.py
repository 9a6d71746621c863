"""How the distances between two people's faces are spread, for each model.

With it a distance tells how many strangers are expected to be that near. The numbers are
fitted by ``benchmarks/accuracy/by_person.py``; docs/accuracy.md explains them.
"""

import json
import math
from dataclasses import dataclass
from importlib.resources import files
from statistics import NormalDist
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from core.faces.crowd import Crowd, Floats
from core.faces.results import Model

DEFAULT_MAX_DISTANCE: Final = 0.52
"""Largest distance of two faces of one person, for models of which nothing else is known."""

CANDIDATES: Final = 12
"""People whom a decision should see, where a gallery has so many."""

_FILE: Final = "calibrations.json"
_CROWDS_FILE: Final = "crowds.json"
_CROWDED_PEOPLE: Final = 50
"""Where the crowding counts half as much as in large galleries."""

_THIRD: Final = 3
_NEAR: Final = -30.0
_FAR: Final = 8.0
"""Standard deviations beyond which floats tell no difference."""

_erfc: Final = np.vectorize(math.erfc, otypes=[np.float64])


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a decision knows of faces and of the people nearest to each, arrays of shape (..., C).

    Parameters
    ----------
    distance : ndarray of float64
        Of a face and a person's template, `evened` where the model has a crowd.
    around : ndarray of float64
        How near the second of the other people's templates is to the face.
    beside : ndarray of float64
        How near the second of the other people's templates is to the person's.
    share : ndarray of float64
        ``1 - 1 / faces``, of the person's template.
    """

    distance: Floats
    around: Floats
    beside: Floats
    share: Floats

    @classmethod
    def of(cls, distance: Floats, apart: Floats, faces: NDArray[np.int64]) -> Self:
        """Look at faces and the templates of the people nearest to each.

        The second of the others counts, not the first: the first may be the same person
        under another name, or a brother, and neither may make anyone unknown. It is nan
        where fewer than three people are looked at.

        Parameters
        ----------
        distance : ndarray of float64, shape (..., C)
            Of each face and the nearest people's templates.
        apart : ndarray of float64, shape (..., C, C)
            Of these templates; nan where it is not known.
        faces : ndarray of int, shape (..., C)
            How many faces each template was made of.
        """
        if distance.shape[-1] < _THIRD:
            around = beside = np.full(distance.shape, np.nan)
        else:
            nearest = np.sort(distance, axis=-1)[..., :_THIRD]
            second, third = nearest[..., 1:2], nearest[..., 2:3]
            around = np.where(distance <= second, third, second)
            beside = np.partition(apart, 2, axis=-1)[..., 2]  # behind oneself and the first
            beside = np.where(np.isnan(beside), around, beside)
        return cls(distance=distance, around=around, beside=beside, share=1 - 1 / faces)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A normal distribution of the distances of people, which holds far into its near tail.

    Parameters
    ----------
    mean, deviation : float
        Of the distances between a face and one face of another person.
    more_faces : float
        By how much nearer a template of very many faces is.
    narrowing : float
        By how much the crowding, once allowed for, narrows what is left.
    crowding : float
        How much the crowding counts in large galleries; not fitted.
    """

    mean: float
    deviation: float
    more_faces: float
    narrowing: float
    crowding: float = 0.7

    def expected(self, seen: Seen, *, people: int) -> Floats:
        """Return how many of a gallery's people look as much like a stranger, on average.

        ``exp(-it)`` is the chance that nobody does.
        """
        return self.expected_at(self.place(seen, people=people), people=people)

    @staticmethod
    def expected_at(place: Floats, *, people: int) -> Floats:
        """Return the same for a `place`."""
        nearer = 0.5 * _erfc(-np.clip(place, _NEAR, _FAR) / math.sqrt(2))
        expected: Floats = -people * np.log1p(-nearer)
        return expected

    def place(self, seen: Seen, *, people: int) -> Floats:
        """Return each distance in deviations from the mean, the crowding allowed for.

        In galleries of one or two people only the distance counts.
        """
        nearer = self.more_faces * seen.share[..., :CANDIDATES].mean(axis=-1, keepdims=True)
        place = self._place(seen.distance + nearer)
        if people < _THIRD:
            return place
        # Blom's approximation of where the third nearest of so many people usually is.
        usual = NormalDist().inv_cdf((_THIRD - 0.375) / (people + 0.25))
        around = self._place(seen.around + nearer)
        beside = self._place(seen.beside + nearer + self.more_faces * seen.share)
        crowding = (around + beside) / 2 - usual
        weight = np.where(
            np.isnan(crowding), 0, self.crowding * people / (people + _CROWDED_PEOPLE)
        )
        left = place - usual - weight * np.nan_to_num(crowding)
        allowed: Floats = usual + left / (1 - self.narrowing * weight**2)
        return allowed

    def expected_alike(self, distance: float, *, shares: float, people: int) -> float:
        """Return how many templates are as near to one, on average, by another's distance.

        ``shares`` is the sum of both templates' shares.
        """
        place = self._place(np.array(distance + self.more_faces * shares))
        return float(self.expected_at(place, people=people))

    def _place(self, distance: Floats) -> Floats:
        return (distance - self.mean) / self.deviation


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a decision knows of a model: its spread, or only one person's largest distance.

    The spread is that of `evened` distances where there is a ``crowd``.
    """

    max_distance: float = DEFAULT_MAX_DISTANCE
    spread: Spread | None = None
    crowd: Crowd | None = None


def calibration_of(
    model: Model, *, max_distance: float | None = None, own_distance: float = DEFAULT_MAX_DISTANCE
) -> Calibration:
    """Return the calibration of a model.

    Parameters
    ----------
    max_distance : float, optional
        ``MATCH_MAX_DISTANCE``. Where it is set, a similarity of 80 is this distance to
        a template, in every gallery.
    own_distance : float
        The same for a model without a spread where nothing is set.
    """
    known = _CALIBRATIONS.get((model.name, model.version))
    if max_distance is not None or known is None:
        return Calibration(max_distance=max_distance or own_distance)
    return known


def _read() -> dict[tuple[str, str], Calibration]:
    crowds = {model: Crowd.read(each["crowd"]) for model, each in _models(_CROWDS_FILE)}
    return {
        model: Calibration(spread=Spread(**each["spread"]), crowd=crowds.get(model))
        for model, each in _models(_FILE)
    }


def _models(name: str) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    content = json.loads((files("core.faces") / name).read_text(encoding="utf-8"))
    return [((each["name"], each["version"]), each) for each in content["models"]]


_CALIBRATIONS: Final = _read()
