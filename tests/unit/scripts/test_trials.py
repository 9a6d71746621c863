import pytest
from landmark_box import difference
from quality_curves import half_moved_at

from core.faces.geometry import Box


def test_half_have_moved_in_line_between_two_steps() -> None:
    steps = [{"median": 30.0, "moved": 0.3}, {"median": 20.0, "moved": 0.7}]

    assert half_moved_at(steps) == pytest.approx(25)


def test_curve_that_never_reaches_half_has_no_middle() -> None:
    assert half_moved_at([{"median": 30.0, "moved": 0.3}, {"median": 20.0, "moved": 0.5}]) is None


def test_boxes_differ_in_parts_of_the_first_side() -> None:
    one = Box(left=0, top=0, right=10, bottom=10)
    other = Box(left=1, top=2, right=13, bottom=14)

    assert difference(one, other).tolist() == pytest.approx([0.2, 0.3, 0.2])
