"""What the benchmark of the search for people counts."""

import numpy as np
import pytest

from benchmarks.search.bench_people import recall
from benchmarks.search.search_page import people_table


def named(*people: int) -> list[str]:
    return [f"person {person}" for person in people]


def test_recall_counts_the_best_the_best_two_and_twelve() -> None:
    exact = [list(range(12)), list(range(12))]
    found = [named(*range(12)), named(0, 2, *range(3, 13))]

    assert recall(found, exact) == {
        "best": 1,
        "best_two": 0.5,
        "best_12": pytest.approx(np.mean([1, 11 / 12]), abs=1e-4),
    }


def test_table_has_a_row_per_size() -> None:
    way = {"p50_ms": 2.0, "p99_ms": 3.0, "cpu_p50_ms": 1.0, "cpu_p99_ms": 2.0}
    size = {
        "people": 250_000,
        "ways": dict.fromkeys(("1 face", "50 faces", "people"), way),
        "recall": {"best": 1.0, "best_two": 0.998, "best_12": 0.98},
    }

    row = people_table({"1000000": size}).splitlines()[-1]

    assert row.startswith("| 1,000,000 | 250,000 | 1.00 / 2.00 |")
    assert row.endswith("| 100.00% | 99.80% | 98.00% |")
