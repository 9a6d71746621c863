"""Boxes."""

import pytest

from core.faces.geometry import Box, half_turn_range, turned

BOX = Box(left=-10, top=5, right=30, bottom=25)


def test_sides_and_area() -> None:
    assert (BOX.width, BOX.height, BOX.area) == (40, 20, 800)


def test_scaled_box_is_the_same_part_of_a_resized_image() -> None:
    assert BOX.scaled(0.5) == Box(left=-5, top=2.5, right=15, bottom=12.5)


def test_clipped_box_lies_inside_the_image() -> None:
    assert BOX.clipped(20, 20) == Box(left=0, top=5, right=20, bottom=20)


def test_box_outside_the_image_has_no_area() -> None:
    assert Box(left=50, top=0, right=60, bottom=10).clipped(20, 20).area == 0


def test_point_turns_clockwise_as_seen() -> None:
    assert turned((1, 0), 90) == pytest.approx((0, 1))


def test_direction_lies_within_half_a_turn() -> None:
    assert [half_turn_range(degrees) for degrees in (270, 180, -190, 45)] == [-90, -180, 170, 45]


def test_box_turned_by_a_quarter_has_its_sides_exchanged() -> None:
    # Half of the photo of 100 x 50 pixels becomes the lower half of one of 50 x 100.
    box = Box(left=50, top=0, right=100, bottom=50)

    quarter = box.turned(90, about=(50, 25), onto=(25, 50))

    assert vars(quarter) == pytest.approx(vars(Box(left=0, top=50, right=50, bottom=100)))


def test_box_turned_there_and_back_is_the_same() -> None:
    there = BOX.turned(90, about=(7, 8), onto=(1, 2))

    assert vars(there.turned(-90, about=(1, 2), onto=(7, 8))) == pytest.approx(vars(BOX))
