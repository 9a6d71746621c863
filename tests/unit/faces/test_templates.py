"""Templates of people, one by one and several at once."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.faces.templates import template_of, templates_of

random = np.random.default_rng(3)


def faces_of_one(count: int, *, strangers: int = 0) -> NDArray[np.float32]:
    """Return faces of a person, and behind them some of others."""
    near = random.normal(size=16) + 0.2 * random.normal(size=(count, 16))
    return np.concatenate([near, 2 * random.normal(size=(strangers, 16))]).astype(np.float32)


def test_templates_of_several_people_are_those_of_each() -> None:
    people = [faces_of_one(count, strangers=count // 5) for count in (1, 2, 3, 9, 30, 4, 400)]

    together = templates_of(np.concatenate(people), [len(faces) for faces in people])

    assert together.dtype == np.float32
    for template, faces in zip(together, people, strict=True):
        assert template == pytest.approx(template_of(faces), abs=1e-6)


@pytest.mark.parametrize("count", [10, 3000])
def test_faces_of_others_are_left_out_of_few_and_of_thousands(count: int) -> None:
    faces = faces_of_one(count, strangers=count // 10)

    assert template_of(faces) == pytest.approx(faces[:count].mean(axis=0), abs=1e-5)
    assert template_of(faces[::-1]) == pytest.approx(template_of(faces), abs=1e-6)


def test_faces_are_not_modified() -> None:
    faces = faces_of_one(300, strangers=3)
    before = faces.copy()

    template_of(faces)

    assert np.array_equal(faces, before)
