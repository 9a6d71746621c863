"""How two versions' processor times are compared."""

from pathlib import Path

import pytest

from benchmarks.engine.upright import summary

_LARGE, _SMALL = Path("large"), Path("small")


def test_first_round_does_not_count() -> None:
    found = summary({_SMALL: [9.0, 2.0, 2.0]}, {_SMALL: [1.0, 3.0, 3.0]})

    assert found["ratio"] == pytest.approx(1.5)


def test_large_photos_weigh_more_in_the_ratio_but_not_in_the_median_ratio() -> None:
    base = {_LARGE: [0.0, 90.0], _SMALL: [0.0, 10.0], Path("other"): [0.0, 10.0]}
    here = {_LARGE: [0.0, 180.0], _SMALL: [0.0, 10.0], Path("other"): [0.0, 10.0]}

    found = summary(base, here)

    assert found["ratio"] == pytest.approx(200 / 110, abs=1e-3)
    assert found["median_ratio"] == 1.0
