"""The line of those that wait for results."""

from contextlib import ExitStack
from itertools import pairwise

import pytest

from core.submission.result_polling import LONGEST_S, SLOWEST_S, WaitingLine
from core.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_who_waits_alone_looks_often_at_first_then_every_second(clock: ManualClock) -> None:
    with WaitingLine(clock).place() as place:
        pauses_s = [place.pause_s() for _ in range(20)]

    assert pauses_s[0] == pytest.approx(0.05)
    assert all(earlier <= later for earlier, later in pairwise(pauses_s))
    assert pauses_s[-1] == SLOWEST_S


def test_who_came_later_looks_later_and_nobody_waits_for_long(clock: ManualClock) -> None:
    line = WaitingLine(clock)
    with ExitStack() as stack:
        places = [stack.enter_context(line.place()) for _ in range(200)]
        pauses_s = [place.pause_s() for place in places]

    assert pauses_s[0] == pytest.approx(0.05)
    assert pauses_s[10] > pauses_s[4] > pauses_s[0]
    assert max(pauses_s) == LONGEST_S


def test_who_moves_up_looks_sooner(clock: ManualClock) -> None:
    line = WaitingLine(clock)
    with ExitStack() as stack:
        with line.place():
            for _ in range(19):
                stack.enter_context(line.place())
            last = stack.enter_context(line.place())
            far_s = last.pause_s()
        stack.close()
        with line.place() as alone:
            near_s = alone.pause_s()

    assert near_s < far_s


@pytest.mark.parametrize(("gap_s", "slower"), [(0.2, True), (0.001, False)])
def test_pauses_follow_the_pace_of_the_answers(
    clock: ManualClock, gap_s: float, slower: bool
) -> None:
    line = WaitingLine(clock)
    with ExitStack() as stack:
        places = [stack.enter_context(line.place()) for _ in range(20)]
        before_s = places[10].pause_s()
        for _ in range(10):
            clock.advance(gap_s)
            places[0].answered()
        after_s = stack.enter_context(line.place()).pause_s()

    assert (after_s > before_s * 2) is slower


def test_time_without_anybody_in_the_line_does_not_count(clock: ManualClock) -> None:
    line = WaitingLine(clock)
    clock.advance(3600)
    with ExitStack() as stack:
        places = [stack.enter_context(line.place()) for _ in range(5)]
        clock.advance(0.01)
        places[0].answered()

        assert places[1].pause_s() == pytest.approx(0.05)
