"""Faces of one photo are given to people one to one."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from core.faces.assignment import best_assignment


def test_two_faces_of_one_person_are_not_both_theirs() -> None:
    assert best_assignment(np.array([[95.0], [90.0]])) == [0, None]
    assert best_assignment(np.array([[90.0], [95.0]])) == [None, 0]


def test_total_counts_and_not_who_comes_first() -> None:
    assert best_assignment(np.array([[95.0, 90.0], [94.0, 0.0]])) == [1, 0]


def test_face_is_nobody_where_that_may_not_be() -> None:
    assert best_assignment(np.array([[0.0, 0.0], [0.0, 85.0]])) == [None, 1]
    assert best_assignment(np.zeros((2, 0))) == [None, None]
    assert best_assignment(np.zeros((0, 3))) == []


@pytest.mark.parametrize("seed", range(60))
def test_total_is_that_of_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    faces, people = random.integers(1, 12, size=2)
    gains = random.uniform(0, 100, size=(faces, people))
    gains[random.random(gains.shape) < 0.4] = 0

    chosen = best_assignment(gains)

    rows, columns = linear_sum_assignment(gains, maximize=True)
    given = [person for person in chosen if person is not None]
    assert len(set(given)) == len(given)
    total = sum(gains[face, person] for face, person in enumerate(chosen) if person is not None)
    assert total == pytest.approx(gains[rows, columns].sum())
