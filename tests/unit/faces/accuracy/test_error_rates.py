import numpy as np
import pytest

from core.faces.accuracy.error_rates import (
    best_threshold,
    distances_between,
    identification_rates,
    verification_rates,
)
from core.ground.plots import Line, line_chart


def test_distances_are_euclidean() -> None:
    ones = np.array([[0, 0], [3, 4]], dtype=np.float32)

    assert distances_between(ones, ones).tolist() == [[0, 5], [5, 0]]


def test_rates_count_pairs_on_the_wrong_side_of_the_threshold() -> None:
    genuine, impostor = np.array([0.1, 0.2, 0.5, 0.9]), np.array([0.4, 0.6, 0.7, 0.8])

    (rates,) = verification_rates(genuine, impostor, np.array([0.5]))

    assert (rates.fmr, rates.fnmr) == (0.25, 0.25)


def test_best_threshold_is_the_middle_of_the_equally_good() -> None:
    distances, same = np.array([0.1, 0.2, 0.6, 0.8]), np.array([True, True, False, False])

    assert best_threshold(distances, same) == pytest.approx(0.4)


_PEOPLE = np.array(["ann", "ann", "bob", "bob"])


def _search(positions: list[float], threshold: float) -> tuple[float, float]:
    embeddings = np.array([[position, 0] for position in positions], dtype=np.float32)
    (rates,) = identification_rates(
        embeddings, _PEOPLE, np.array([threshold]), gallery_size=1, draws=10, seed=1
    )
    return rates.fpir, rates.fnir


def test_search_finds_the_near_mate_and_no_far_stranger() -> None:
    assert _search([0, 1, 9, 10], threshold=2) == (0, 0)


def test_search_misses_a_mate_beyond_the_threshold() -> None:
    assert _search([0, 3, 9, 12], threshold=2) == (0, 1)


def test_search_names_a_stranger_within_the_threshold() -> None:
    assert _search([0, 1, 9, 10], threshold=20) == (1, 0)


def test_search_with_another_person_nearest_is_a_miss() -> None:
    embeddings = np.array([[0, 0], [5, 0], [5.1, 0], [0.1, 0]], dtype=np.float32)

    (rates,) = identification_rates(
        np.concatenate([embeddings, [[100, 0]]]).astype(np.float32),
        np.append(_PEOPLE, "cy"),
        np.array([20.0]),
        gallery_size=2,
        draws=60,
        seed=1,
    )

    assert rates.fnir > 0


def test_chart_is_an_svg_with_every_line_named() -> None:
    lines = [
        Line(name="a < b", points=((0.1, 0.001), (0.2, 0.1))),
        Line(name="zero", points=((0.1, 0.0), (0.2, 1.0))),
    ]

    chart = line_chart("title", "x", "y", lines)

    assert "<svg" in chart
    assert "a &lt; b" in chart
