from typing import Final

import numpy as np
import pytest

from core.faces.decision import (
    Candidate,
    calibration_of,
    decide,
    false_name_rate,
    least_similarity,
    template_of,
)
from core.faces.results import Model

_MODEL: Final = Model(name="a-network", version="1")


def test_80_is_the_largest_distance_where_one_is_set() -> None:
    calibration = calibration_of(_MODEL, max_distance=1.1)

    (found,) = decide(
        [Candidate(distance=1.1, faces=1)], people=1, calibration=calibration
    ).similarities

    assert found == 80


def test_template_is_the_mean_of_a_persons_faces() -> None:
    faces = np.array([[1, 0], [0, 1]], np.float32)

    assert template_of(faces).tolist() == [0.5, 0.5]


def test_default_rate_is_a_similarity_of_80() -> None:
    assert least_similarity(0.01) == 80


@pytest.mark.parametrize("rate", [1e-6, 0.001, 0.01, 0.1, 0.5])
def test_similarity_tells_its_rate(rate: float) -> None:
    assert false_name_rate(least_similarity(rate)) == pytest.approx(rate)
