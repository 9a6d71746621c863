"""A result is counted once, whoever was killed between storing and counting it."""

import os
import threading
import time
from pathlib import Path

import pytest

from core.host.shared_numbers import SharedNumbers
from core.host.uncounted import Uncounted

JOB = "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d"


@pytest.fixture
def killed(tmp_path: Path) -> Uncounted:
    """Return a worker that is never heard of again."""
    return Uncounted(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Uncounted:
    return Uncounted(tmp_path)


def test_mark_of_a_killed_worker_is_taken_by_one_other(
    killed: Uncounted, other: Uncounted, tmp_path: Path
) -> None:
    name = killed.add(JOB)

    assert other.take(JOB, name)
    assert not Uncounted(tmp_path).take(JOB, name)
    assert list(tmp_path.iterdir()) == []


def test_mark_of_a_worker_whose_result_is_not_the_stored_one_is_not_taken(
    killed: Uncounted, other: Uncounted
) -> None:
    killed.add(JOB)
    stored_by_other = other.add(JOB)

    assert other.take(JOB, stored_by_other)
    assert not Uncounted(None).take(JOB, stored_by_other)
    assert not other.take(JOB, stored_by_other)


def test_next_attempt_uses_the_mark_again_until_it_is_taken(other: Uncounted) -> None:
    name = other.add(JOB)

    assert other.add(JOB) == name
    assert other.take(JOB, name)
    assert other.add(JOB) != name


def test_own_mark_is_dropped_when_the_result_of_another_is_stored(
    killed: Uncounted, tmp_path: Path
) -> None:
    killed.add(JOB)

    killed.drop(JOB)

    assert list(tmp_path.iterdir()) == []
    killed.drop(JOB)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 16])
def test_no_name_but_that_of_a_mark_is_taken(killed: Uncounted, name: str) -> None:
    killed.add(JOB)

    assert not killed.take(JOB, name)


def test_worker_by_itself_counts_only_what_it_stored() -> None:
    alone, another = Uncounted(None), Uncounted(None)
    name = alone.add(JOB)

    assert not another.take(JOB, name)
    assert alone.take(JOB, name)
    assert not alone.take(JOB, name)


def test_of_many_threads_one_counts(other: Uncounted) -> None:
    name = other.add(JOB)
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: taken.append(other.take(JOB, name))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False] * 19 + [True]


def test_marks_of_results_that_were_never_stored_go_after_a_day(
    killed: Uncounted, tmp_path: Path
) -> None:
    killed.add(JOB)
    old = next(tmp_path.iterdir())
    two_days_ago_s = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago_s, two_days_ago_s))
    killed.add(JOB.replace("7", "8"))

    SharedNumbers(tmp_path).collect()

    assert [old.name in each.name for each in tmp_path.iterdir()] == [False]
