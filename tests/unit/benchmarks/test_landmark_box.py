import pytest

from benchmarks.engine.landmark_box import difference
from core.faces.geometry import Box


def test_boxes_differ_in_parts_of_the_first_side() -> None:
    one = Box(left=0, top=0, right=10, bottom=10)
    other = Box(left=1, top=2, right=13, bottom=14)

    assert difference(one, other).tolist() == pytest.approx([0.2, 0.3, 0.2])
