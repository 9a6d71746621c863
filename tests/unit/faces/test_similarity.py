import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.faces.similarity import similarity

distances = st.floats(min_value=0, max_value=4)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0, 100), (0.45, 85), (0.5, 80), (0.56, 60), (0.625, 40), (1.5, 0), (4, 0)],
)
def test_documented_points_are_met(distance: float, expected: float) -> None:
    assert similarity(distance, threshold_distance=0.5) == pytest.approx(expected)


@given(distances, distances, st.floats(0.3, 0.9))
def test_similarity_never_rises_with_distance(one: float, other: float, threshold: float) -> None:
    nearer, farther = sorted((one, other))

    assert similarity(nearer, threshold_distance=threshold) >= similarity(
        farther, threshold_distance=threshold
    )


@given(distances, st.floats(0.3, 0.9))
def test_eighty_and_more_means_within_the_threshold(distance: float, threshold: float) -> None:
    assert (similarity(distance, threshold_distance=threshold) >= 80) == (distance <= threshold)
