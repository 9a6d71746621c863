"""Fits a model's calibration to people: its crowd, and the spread of the evened distances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks.accuracy.learned_crowd import learned_crowd, taught_by_others
from core.faces.accuracy.trials import CrowdOf, People, Rows, Trial, same_for_all, try_galleries
from core.faces.calibration import Spread
from core.faces.crowd import Crowd, Numbers

SEED: Final = 20261130
SMALL: Final = 300
"""People of the largest gallery for which the small spread is fitted."""
STRANGERS: Final = 500
"""Searches for strangers in each small gallery."""

_FITTED: Final = (
    # people, photos of each, galleries
    (1, 1, 1000),
    (1, 4, 1000),
    (2, 1, 600),
    (5, 1, 300),
    (10, 1, 150),
    (10, 4, 150),
    (30, 1, 60),
    (100, 1, 40),
    (100, 2, 20),
    (100, 4, 20),
    (300, 1, 20),
    (300, 2, 12),
    (1000, 1, 12),
    (1000, 2, 10),
    (1000, 4, 10),
)
_FIT_RATES: Final = np.array([0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
_FIT_WEIGHTS: Final = np.array([0.5, 1.0, 1.5, 1.3, 1.0, 0.5])
CAUTION: Final = 0.8
"""Share of a promised rate that the fit aims at, because other people may be less lucky ones."""

_CROWDING: Final = 0.5
"""Less than where no crowd is learned, for it tells a part of the same."""

_START: Final = (0.82, 0.09, 0.06, 0.6)
_SCALES: Final = (0.01, 0.005, 0.02, 0.2)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What half of the people taught.

    The spread is fitted to distances that are evened by what others taught, as those of new
    people are. ``small_spread`` is fitted to small galleries only.
    """

    crowd: Numbers
    trials: dict[tuple[int, int], Trial]
    spread: Spread
    small_spread: Spread

    @classmethod
    def to(cls, people: People, among: Rows) -> Self:
        """Fit a calibration to some of the people."""
        trials = _trials(people, among, taught_by_others(people, among))
        small = [trial for trial in trials.values() if trial.people <= SMALL]
        return cls(
            crowd=learned_crowd(people, among),
            trials=trials,
            spread=fit_spread(list(trials.values())),
            small_spread=fit_spread(small),
        )

    @property
    def crowd_of(self) -> CrowdOf | None:
        return same_for_all(Crowd.read(self.crowd))


def _trials(people: People, candidates: Rows, crowd_of: CrowdOf) -> dict[tuple[int, int], Trial]:
    return {
        (size, photos): try_galleries(
            people,
            candidates,
            size=size,
            photos=photos,
            draws=draws,
            seed=SEED,
            most_strangers=STRANGERS if size > 5 else 60 if size > 1 else 40,
            crowd_of=crowd_of,
        )
        for size, photos, draws in _FITTED
        if size < len(candidates)
    }


def fit_spread(trials: Sequence[Trial]) -> Spread:
    """Return the spread with which trials name strangers at the rates that it promises."""
    targets = np.log(-np.log1p(-_FIT_RATES))
    aimed_at = _FIT_RATES * CAUTION

    def misses(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = _spread(numbers)
        return np.concatenate(
            [
                (np.log(_at_rates(trial, spread, aimed_at)) - targets) * _FIT_WEIGHTS
                for trial in trials
            ]
        )

    return _spread(least_squares(misses, _START, diff_step=1e-3, x_scale=_SCALES).x)


def _spread(numbers: NDArray[np.float64]) -> Spread:
    mean, deviation, more_faces, narrowing = numbers.tolist()
    return Spread(
        mean=mean,
        deviation=deviation,
        more_faces=more_faces,
        narrowing=narrowing,
        crowding=_CROWDING,
    )


def _at_rates(trial: Trial, spread: Spread, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a decision expects for those shares of strangers who are most like someone."""
    places = spread.place(trial.strangers.seen, people=trial.people).min(axis=1)
    return spread.expected_at(np.quantile(places, rates), people=trial.people)
