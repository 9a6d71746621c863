import numpy as np
import pytest

from benchmarks.accuracy.poor_rates import Bounds, Faces, PoorRates

NONE, STRICT = Bounds(enrol=0, match=0), Bounds(enrol=50, match=20)
RATES = PoorRates(largest_distance=0.5, enrolled=2, gallery=2, draws=5, seed=1)


def faces_of(people: str, places: list[float], quality: list[float]) -> Faces:
    """Return faces on a line, of people with a letter each."""
    return Faces(
        people=np.array(list(people)),
        embeddings=np.array(places, dtype=np.float32)[:, None],
        quality=np.array(quality, dtype=np.float64),
        reasons=((),) * len(people),
        photos=len(people),
    )


def test_strangers_that_are_all_alike_are_named_unless_poor_faces_are_refused() -> None:
    alike = faces_of("abcd", [0, 0, 0, 0], [30, 30, 30, 30])

    assert RATES.in_poor_gallery(alike, NONE) == {"enrolled": 2, "named": 1}
    assert RATES.in_poor_gallery(alike, STRICT) == {"enrolled": 0, "named": 0}


def test_strangers_who_are_not_looked_for_are_not_named() -> None:
    gallery = faces_of("ab", [0, 5], [100, 100])
    strangers = faces_of("xyz", [0.1, 5.1, 9], [10, 100, 100])

    assert RATES.strangers_named(strangers, gallery, NONE) == pytest.approx(2 / 3, abs=1e-3)
    assert RATES.strangers_named(strangers, gallery, STRICT) == pytest.approx(1 / 3, abs=1e-3)


def test_people_are_named_rightly_wrongly_or_not_at_all() -> None:
    gallery = faces_of("ab", [0, 5], [100, 100])
    mates = faces_of("abab", [0.1, 0.2, 9, 5], [100, 100, 100, 10])

    assert RATES.recognised(mates, gallery, NONE) == {"right": 0.5, "wrong": 0.25}
    assert RATES.recognised(mates, gallery, STRICT) == {"right": 0.25, "wrong": 0.25}
