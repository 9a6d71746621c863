"""How many callers a function takes at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import TooBusy
from core.executors.queueing import bounded
from harness.waiting import wait_until


def test_callers_wait_until_too_many_do() -> None:
    inside: list[int] = []
    go = threading.Event()

    def slow(number: int) -> int:
        inside.append(number)
        assert go.wait(60)
        return number

    function = bounded(slow, most=2)
    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(function, number) for number in range(2)]
        wait_until(lambda: len(inside) == 2, what="both to be inside")
        with pytest.raises(TooBusy):
            function(2)
        go.set()
        assert [each.result(60) for each in waiting] == [0, 1]

    assert function(3) == 3


def test_place_of_a_caller_that_met_an_error_is_free_again() -> None:
    def fails() -> None:
        raise OSError("it is broken")

    function = bounded(fails, most=1)

    for _ in range(3):
        with pytest.raises(OSError, match="it is broken"):
            function()
