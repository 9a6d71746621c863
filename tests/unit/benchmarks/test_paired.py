"""Variants that are compared by many starts."""

import itertools
from collections import Counter

from benchmarks.common.paired import Difference, orders

VARIANTS = ("off", "metrics", "traces")


def test_each_variant_is_as_often_first_as_last() -> None:
    made = list(itertools.islice(orders(VARIANTS), 12))

    for place in range(3):
        assert Counter(order[place] for order in made) == dict.fromkeys(VARIANTS, 4)
    assert Counter(made) == dict.fromkeys(itertools.permutations(VARIANTS), 2)
    assert made[:6] != list(itertools.permutations(VARIANTS))
    assert made == list(itertools.islice(orders(VARIANTS), 12))


def test_one_start_that_went_wrong_moves_the_median_little() -> None:
    found = Difference.of([1.0, 1.1, 0.9, 1.0, 50.0, 1.2, 0.8])

    assert found.median == 1.0
    assert found.low >= 0.8
    assert found.high <= 1.2


def test_interval_shrinks_with_more_rounds_and_holds_the_truth() -> None:
    few = Difference.of([-3, -1, 0, 1, 2, 4])
    many = Difference.of([-3, -1, 0, 1, 2, 4] * 20)

    assert few.low <= 0.5 <= few.high
    assert many.low <= 0.5 <= many.high
    assert many.high - many.low < few.high - few.low
