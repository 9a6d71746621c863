import numpy as np
import pytest

from core.faces.crowd import Crowd, Numbers, evened

_NUMBERS = Numbers(
    centre=[1.0, 0.0, 0.0],
    components=[[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    linear=[0.1, 0.2],
    square=[0.01, 0.02, 0.03],
    constant=0.5,
    least=-1.0,
    most=1.0,
)


def test_crowd_is_a_quadratic_function_of_the_components() -> None:
    told = Crowd.read(_NUMBERS).of(np.array([2.0, -1.0, 9.0], np.float32))

    one, other = 2.0, -1.0
    expected = 0.1 * one + 0.2 * other + 0.01 * one**2 + 0.02 * one * other + 0.03 * other**2 + 0.5
    assert told == pytest.approx(expected)


def test_crowd_of_faces_of_no_usual_kind_is_that_of_the_most_unusual_one_seen() -> None:
    faces = np.array([[[1, 0, 0], [999, 0, 0]], [[-9, -2, 0], [-9, -999, 0]]], np.float32)
    square = [-0.01, 0.0, -0.01]

    told = Crowd.read({**_NUMBERS, "square": square}).of(faces)

    assert told.shape == (2, 2)
    assert told[0, 0] == pytest.approx(0.5)
    assert told[0, 1] == told[1, 1] == -1


def test_pair_of_faces_with_few_strangers_near_counts_as_nearer() -> None:
    even = evened(np.array([0.5, 0.5]), np.array(0.1), np.array([0.0, -0.2]))

    assert even == pytest.approx([0.45, 0.55])
