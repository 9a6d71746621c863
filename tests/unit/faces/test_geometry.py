"""Boxes."""

from core.faces.geometry import Box

BOX = Box(left=-10, top=5, right=30, bottom=25)


def test_sides_and_area() -> None:
    assert (BOX.width, BOX.height, BOX.area) == (40, 20, 800)


def test_scaled_box_is_the_same_part_of_a_resized_image() -> None:
    assert BOX.scaled(0.5) == Box(left=-5, top=2.5, right=15, bottom=12.5)


def test_clipped_box_lies_inside_the_image() -> None:
    assert BOX.clipped(20, 20) == Box(left=0, top=5, right=20, bottom=20)


def test_box_outside_the_image_has_no_area() -> None:
    assert Box(left=50, top=0, right=60, bottom=10).clipped(20, 20).area == 0
