"""The mapping from distance to similarity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.faces.similarity import similarity

distances = st.floats(min_value=0, max_value=4)


@pytest.mark.parametrize(("distance", "expected"), [(0, 100), (0.6, 80), (1.8, 0), (5, 0)])
def test_fixed_points(distance: float, expected: float) -> None:
    assert similarity(distance, threshold_distance=0.6) == pytest.approx(expected)


@given(distances, distances)
def test_similarity_never_rises_with_distance(one: float, other: float) -> None:
    nearer, farther = sorted((one, other))

    assert similarity(nearer, threshold_distance=0.6) >= similarity(farther, threshold_distance=0.6)


@given(distances)
def test_eighty_and_more_means_within_the_threshold(distance: float) -> None:
    assert (similarity(distance, threshold_distance=0.6) >= 80) == (distance <= 0.6)
