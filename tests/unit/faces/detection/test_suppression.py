import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.faces.detection.suppression import intersection_over_union, keep_best


@st.composite
def scored_boxes(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = draw(st.integers(0, 12))
    number = st.floats(0, 100, allow_nan=False)
    corners = np.array([[draw(number) for _ in range(4)] for _ in range(count)]).reshape(-1, 4)
    corners[:, 2:] = corners[:, :2] + corners[:, 2:]
    return corners, np.array([draw(st.floats(0, 1)) for _ in range(count)])


@given(scored_boxes())
def test_kept_boxes_do_not_overlap_each_other(
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    boxes, scores = found

    kept = keep_best(boxes, scores, max_iou=0.4)

    for position, index in enumerate(kept):
        others = np.delete(kept, position)
        assert (intersection_over_union(boxes[index], boxes[others]) <= 0.4).all()


@given(scored_boxes())
def test_every_box_left_out_overlaps_a_better_one(
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    boxes, scores = found

    kept = keep_best(boxes, scores, max_iou=0.4)

    for index in set(range(len(boxes))) - set(kept.tolist()):
        better = kept[scores[kept] >= scores[index]]
        assert (intersection_over_union(boxes[index], boxes[better]) > 0.4).any()


@given(scored_boxes())
def test_kept_boxes_come_best_first(
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    boxes, scores = found

    kept = scores[keep_best(boxes, scores, max_iou=0.4)]

    assert (np.diff(kept) <= 0).all()


@given(scored_boxes())
def test_overlap_is_a_share_between_0_and_1(
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    boxes, _ = found

    for box in boxes:
        overlap = intersection_over_union(box, boxes)
        assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()


def test_overlap_of_half_covered_boxes_is_a_third() -> None:
    box, other = np.array([0.0, 0, 2, 2]), np.array([[1.0, 0, 3, 2]])

    assert intersection_over_union(box, other).tolist() == [1 / 3]
