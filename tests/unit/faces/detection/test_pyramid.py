from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.faces.detection.pyramid import Layout, Level, canvas_to_photo, draw_canvas, plan_layout

sides = st.integers(min_value=1, max_value=3000)


def _covers(one: Level, other: Level) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


@given(width=sides, height=sides)
def test_every_level_lies_inside_the_canvas(width: int, height: int) -> None:
    layout = plan_layout(width, height)

    for level in layout.levels:
        assert 0 <= level.left <= layout.width - level.width
        assert 0 <= level.top <= layout.height - level.height


@given(width=st.integers(20, 3000), height=st.integers(20, 3000))
def test_first_level_has_the_size_of_the_photo_and_the_others_shrink(
    width: int, height: int
) -> None:
    levels = plan_layout(width, height).levels

    assert (levels[0].width, levels[0].height) == (width, height)
    assert all(later.height < earlier.height for earlier, later in pairwise(levels))


@given(width=sides, height=sides)
def test_no_level_covers_the_photo_itself(width: int, height: int) -> None:
    first, *others = plan_layout(width, height).levels

    assert not any(_covers(first, other) for other in others)


@given(width=st.integers(50, 1000), height=st.integers(50, 1000), data=st.data())
def test_middle_of_a_level_is_the_middle_of_the_photo(
    width: int, height: int, data: st.DataObject
) -> None:
    layout = plan_layout(width, height)
    level = data.draw(st.sampled_from(layout.levels[:6]))
    middle = np.array([level.left + (level.width - 1) / 2, level.top + (level.height - 1) / 2])

    ((mapped, _),) = canvas_to_photo(np.stack([middle, middle])[None], layout)

    # Sizes are whole pixels, so that a level may be up to one pixel too small each time.
    assert np.abs(mapped - [(width - 1) / 2, (height - 1) / 2]).max() < 6


def test_layout_is_the_one_that_dlib_makes() -> None:
    layout = plan_layout(173, 400)

    assert (layout.width, layout.height) == (195, 1493)
    assert layout.levels[4] == Level(left=11, top=1291, width=83, height=191)
    assert layout.levels[5] == Level(left=115, top=1323, width=69, height=159)


def test_canvas_is_zero_between_the_levels_and_normalised_inside() -> None:
    image = np.full((40, 60, 3), 255, dtype=np.uint8)
    layout = plan_layout(60, 40)

    canvas = draw_canvas(image, layout)

    assert canvas.shape == (1, 3, layout.height, layout.width)
    assert canvas[0, :, 0, 0].tolist() == [0, 0, 0]
    for level in layout.levels:
        inside = canvas[0, 0, level.top + level.height // 2, level.left + level.width // 2]
        assert abs(inside - (255 - 122.782) / 256) < 1e-5


def test_photo_smaller_than_any_level_has_one() -> None:
    assert plan_layout(1, 1) == Layout(
        width=23, height=23, levels=(Level(left=11, top=11, width=1, height=1),)
    )
