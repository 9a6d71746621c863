import numpy as np
import pytest

from benchmarks.accuracy.by_person import false_names, halves
from benchmarks.accuracy.fitted import fit_spread
from core.faces.accuracy.trials import Searched, Trial
from core.faces.calibration import Seen, Spread


def _searches_of_one_person(distances: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Trial:
    """Return searches for strangers in galleries of one person with one face."""
    alone = distances[:, None]
    searched = Searched(
        seen=Seen.of(alone, np.zeros((len(alone), 1, 1)), np.ones(alone.shape, np.int64)),
        right=np.zeros(alone.shape, bool),
        face=distances,
        face_right=np.zeros(len(distances), bool),
    )
    return Trial(people=1, strangers=searched, known=searched)


def test_every_person_is_in_one_half() -> None:
    choosing, reporting = halves(11, seed=1)

    assert sorted([*choosing, *reporting]) == list(range(11))
    assert abs(len(choosing) - len(reporting)) == 1


def test_rate_of_false_names_is_what_was_asked_for() -> None:
    distances = np.random.default_rng(1).normal(0.8, 0.1, 200_000)
    spread = Spread(mean=0.8, deviation=0.1, more_faces=0, narrowing=0)

    named = false_names(_searches_of_one_person(distances), spread)

    assert named["0.01"] == pytest.approx(0.01, rel=0.1)
    assert named["0.001"] == pytest.approx(0.001, rel=0.3)


def test_fit_names_four_fifths_of_the_promised_share() -> None:
    trial = _searches_of_one_person(np.random.default_rng(2).normal(0.8, 0.1, 200_000))

    named = false_names(trial, fit_spread([trial]))

    assert named["0.01"] == pytest.approx(0.008, rel=0.1)
