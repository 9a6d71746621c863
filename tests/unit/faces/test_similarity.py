import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.faces.similarity import distance_at, similarity

distances = st.floats(min_value=0, max_value=4)


@pytest.mark.parametrize(
    ("distance", "expected"), [(0, 100), (0.45, 85), (0.5, 80), (0.56, 70), (1.5, 0), (4, 0)]
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


@given(st.floats(0, 3), st.floats(0.3, 0.9))
def test_distance_at_is_the_inverse(relative: float, threshold: float) -> None:
    likeness = similarity(relative * threshold, threshold_distance=threshold)

    assert distance_at(likeness, threshold_distance=threshold) == pytest.approx(
        relative * threshold, abs=1e-9
    )


@pytest.mark.parametrize(("likeness", "distance"), [(100, 0), (80, 0.5), (60, 0.625), (0, 1.5)])
def test_distance_of_documented_similarities(likeness: float, distance: float) -> None:
    assert distance_at(likeness, threshold_distance=0.5) == pytest.approx(distance)
