import numpy as np

from benchmarks.engine.recall import count_found, sum_of_counts


def test_found_faces_are_counted_by_their_smaller_side() -> None:
    drawn = np.array([[0, 0, 30, 50], [100, 0, 190, 90], [300, 0, 318, 30]], dtype=np.float64)

    counts = count_found(drawn, drawn[:2] + 2)

    assert counts == {
        "16-20": (0, 1),
        "20-40": (1, 1),
        "40-60": (0, 0),
        "60-80": (0, 0),
        "80+": (1, 1),
    }


def test_one_box_counts_for_one_face() -> None:
    drawn = np.array([[0, 0, 30, 30], [2, 0, 32, 30]], dtype=np.float64)

    assert count_found(drawn, drawn[:1])["20-40"] == (1, 2)


def test_nothing_found_is_counted_as_missed() -> None:
    drawn = np.array([[0, 0, 30, 30]], dtype=np.float64)

    assert count_found(drawn, np.empty((0, 4)))["20-40"] == (0, 1)


def test_counts_of_photos_are_added_size_by_size() -> None:
    counts = [{"16-20": (1, 2), "20-40": (0, 3)}, {"16-20": (1, 1), "20-40": (0, 0)}]

    assert sum_of_counts(counts) == {"16-20": [2, 3], "20-40": [0, 3]}
