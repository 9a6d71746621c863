import numpy as np
import pytest

from benchmarks.accuracy.lfw_pairs import compare, equal_chances, judge_pairs
from benchmarks.common.lfw import Embedded, Pair

_TRAIN = [
    Pair(one="ann_0001", other="ann_0002", same=True),
    Pair(one="ann_0001", other="bob_0001", same=False),
]


def _embedded(without_face: tuple[str, ...] = ()) -> Embedded:
    """Return two near photos of ann, one of bob far away, and one of cy near ann."""
    places = {"ann_0001": 0.0, "ann_0002": 0.2, "bob_0001": 1.0, "cy_0001": 0.1}
    photos = tuple(photo for photo in places if photo not in without_face)
    return Embedded(
        photos=photos,
        people=np.array([photo.rpartition("_")[0] for photo in photos]),
        embeddings=np.array([[places[photo], 0] for photo in photos], dtype=np.float32),
        without_face=without_face,
        seconds=1.0,
    )


def test_pair_on_the_wrong_side_of_the_trained_threshold_is_misjudged() -> None:
    test = [*_TRAIN, Pair(one="ann_0001", other="cy_0001", same=False)]

    judged = judge_pairs(_embedded(), _TRAIN, test)

    assert judged["threshold"] == pytest.approx(0.6)
    assert judged["misjudged"] == [2]
    assert judged["test_accuracy"] == pytest.approx(2 / 3)


def test_pair_with_a_photo_without_a_face_is_wrong() -> None:
    test = [*_TRAIN, Pair(one="ann_0001", other="cy_0001", same=False)]

    judged = judge_pairs(_embedded(without_face=("cy_0001",)), _TRAIN, test)

    assert (judged["misjudged"], judged["without_face"]) == ([], [2])
    assert judged["test_accuracy"] == pytest.approx(2 / 3)


def test_pair_with_a_missing_photo_is_left_out() -> None:
    test = [*_TRAIN, Pair(one="ann_0001", other="dee_0001", same=False)]

    judged = judge_pairs(_embedded(), _TRAIN, test)

    assert (judged["test_pairs"], judged["test_pairs_left_out"]) == (2, 1)
    assert judged["test_accuracy"] == 1


def test_comparison_counts_only_pairs_that_both_judged() -> None:
    one = {"test_pairs": 10, "misjudged": [1, 2, 3], "without_face": []}
    other = {"test_pairs": 10, "misjudged": [3, 4], "without_face": [1]}

    compared = compare(one, other)

    assert (compared["pairs"], compared["wrong"], compared["other_wrong"]) == (9, 2, 2)
    assert (compared["only_wrong"], compared["only_other_wrong"]) == (1, 1)


@pytest.mark.parametrize(("split", "chance"), [((0, 5), 0.0625), ((3, 3), 1.0), ((0, 0), 1.0)])
def test_uneven_split_is_the_less_probable(split: tuple[int, int], chance: float) -> None:
    assert equal_chances(*split) == pytest.approx(chance)
    assert equal_chances(*reversed(split)) == pytest.approx(chance)
