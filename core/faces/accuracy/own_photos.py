"""Measures how often decisions are wrong on labelled photos, and proposes a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.accuracy.error_rates import distances_between
from core.faces.accuracy.trials import People, Searched, Trial, same_for_all, try_galleries
from core.faces.calibration import Seen
from core.faces.crowd import evened
from core.faces.decision import Calibration, false_name_rate, similarities_of

Similarities = NDArray[np.float64]

LEAST_PEOPLE: Final = 20
LEAST_KNOWN: Final = 10
"""People with two photos or more, who can be searched for."""

_PHOTOS: Final = (1, 2, 4)
_DRAWS: Final = 20
_SEED: Final = 1
_STEPS: Final = np.arange(1001) / 10


class TooFewPhotos(ValueError):
    """Raised when photos can't tell a rate; says how many are needed."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of wrong answers at a least similarity: of negatives, and of positives."""

    similarity: float
    positives: float
    negatives: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Rates from many similarities on; ``negatives`` and ``positives`` were that many trials.

    ``photos`` of each person were enrolled, at most; None where two photos were compared.
    """

    photos: int | None
    rates: tuple[Rates, ...]
    negatives: int
    positives: int

    def at(self, least: float) -> Rates:
        """Return the rates at a similarity with one digit."""
        return self.rates[round(10 * least)]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The lowest ``threshold`` at which strangers are not named more often than wanted.

    ``false_name_rate`` is the collection's rate that means the same.
    """

    threshold: float
    false_name_rate: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the photos show: of two photos, and of galleries of so many ``people``."""

    two_photos: Curve
    galleries: tuple[Curve, ...]
    people: int
    proposal: Proposal


def measure(people: People, calibration: Calibration, *, wanted_rate: float) -> Measured:
    """Measure FMR, FNMR, FPIR and FNIR; half of the people are enrolled, by chance.

    Raises
    ------
    TooFewPhotos
        If there are too few people, too few with two photos, or too few photos to
        see the wanted rate.
    """
    _check(people, wanted_rate)
    size = len(people) // 2
    trials = {
        photos: try_galleries(
            people,
            np.arange(len(people)),
            size=size,
            photos=photos,
            draws=_DRAWS,
            seed=_SEED,
            crowd_of=same_for_all(calibration.crowd),
        )
        for photos in _PHOTOS
        if sum(len(rows) > photos for rows in people.rows) >= LEAST_KNOWN
    }
    galleries = [_gallery(photos, trial, calibration) for photos, trial in trials.items()]
    return Measured(
        two_photos=_two_photos(people, calibration),
        galleries=tuple(galleries),
        people=size,
        proposal=_proposal(list(trials.values()), calibration, wanted_rate),
    )


def _check(people: People, wanted_rate: float) -> None:
    known = sum(len(rows) > 1 for rows in people.rows)
    photos = sum(map(len, people.rows))
    needed = round(1 / wanted_rate)
    if len(people) < LEAST_PEOPLE or known < LEAST_KNOWN:
        raise TooFewPhotos(
            f"{len(people)} people, {known} of them with two photos or more; it takes "
            f"{LEAST_PEOPLE} people, {LEAST_KNOWN} of them with two photos or more"
        )
    if photos < needed:
        raise TooFewPhotos(
            f"{photos} photos can't show that 1 stranger in {needed} is named; that takes "
            f"{needed} photos, or a rate of {1 / photos:.2g} or more"
        )


def _gallery(photos: int, trial: Trial, calibration: Calibration) -> Curve:
    found, right = _best(trial.known, trial.people, calibration)
    strangers, _ = _best(trial.strangers, trial.people, calibration)
    return _curve(strangers, np.where(right, found, -1), photos=photos)


def _best(
    searched: Searched, people: int, calibration: Calibration
) -> tuple[Similarities, NDArray[np.bool_]]:
    """Return the similarity of each face's best candidate, and whether they are the right one."""
    found = similarities_of(searched.seen, people=people, calibration=calibration)
    best = found.argmax(axis=1)
    rows = np.arange(len(best))
    return found[rows, best], searched.right[rows, best]


def _two_photos(people: People, calibration: Calibration) -> Curve:
    same, other = [], []
    owners = people.owners
    crowds = np.zeros(len(owners))
    if calibration.crowd is not None:
        crowds = calibration.crowd.of(people.embeddings)
    for row in range(1, len(owners)):
        distances = distances_between(people.embeddings[row : row + 1], people.embeddings[:row])[0]
        distances = evened(distances, crowds[row], crowds[:row])
        mine = owners[:row] == owners[row]
        same.append(distances[mine])
        other.append(distances[~mine])
    return _curve(
        *(_of_pairs(np.concatenate(each), calibration) for each in (other, same)), photos=None
    )


def _of_pairs(distances: NDArray[np.float64], calibration: Calibration) -> Similarities:
    alone = distances[:, None]
    seen = Seen.of(alone, alone[:, None], np.ones(alone.shape, np.int64))
    return similarities_of(seen, people=1, calibration=calibration)[:, 0]


def _curve(negatives: Similarities, positives: Similarities, *, photos: int | None) -> Curve:
    far, near = np.sort(negatives), np.sort(positives)
    return Curve(
        photos=photos,
        rates=tuple(
            Rates(
                similarity=float(least),
                negatives=float(1 - np.searchsorted(far, least) / far.size),
                positives=float(np.searchsorted(near, least) / near.size),
            )
            for least in _STEPS
        ),
        negatives=far.size,
        positives=near.size,
    )


def _proposal(trials: Sequence[Trial], calibration: Calibration, wanted_rate: float) -> Proposal:
    thresholds = [
        np.quantile(
            _best(trial.strangers, trial.people, calibration)[0], 1 - wanted_rate, method="higher"
        )
        for trial in trials
    ]
    # Up, by the last digit that is shown: the stranger at the quantile is not to be named.
    threshold = min(100.0, np.floor(max(thresholds) * 10 + 1) / 10)
    return Proposal(
        threshold=float(threshold),
        false_name_rate=float(f"{min(false_name_rate(float(threshold)), 0.5):.2g}"),
    )
