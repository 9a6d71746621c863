"""Directions of edges, on patterns without any face."""

import numpy as np
import pytest

from core.faces.recognition.covering import edges


@pytest.mark.parametrize(
    ("across", "down", "strongest"), [(1, 0, 0), (1, 1, 1), (0, 1, 2), (-1, 1, 3), (-1, 0, 4)]
)
def test_edge_lies_in_the_direction_in_which_brightness_rises(
    across: int, down: int, strongest: int
) -> None:
    rows, columns = np.mgrid[:150, :150].astype(np.float32)

    inner = edges(columns * across + rows * down)[:, 1:-1, 1:-1]

    assert (inner.argmax(axis=0) == strongest).all()


def test_edges_of_the_negative_lie_in_the_opposite_directions() -> None:
    luma = np.random.default_rng(7).uniform(0, 255, (150, 150)).astype(np.float32)

    assert edges(255 - luma) == pytest.approx(np.roll(edges(luma), 4, axis=0), abs=1e-3)
