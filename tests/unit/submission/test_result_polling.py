"""When requests that wait poll for their results."""

from contextlib import ExitStack
from itertools import pairwise

import pytest

from core.submission.result_polling import LONGEST_S, ON_THIS_MACHINE, SLOWEST_S, PollSchedule
from core.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_request_that_waits_alone_polls_often_at_first_then_every_second(
    clock: ManualClock,
) -> None:
    with PollSchedule(clock).slot() as slot:
        pauses_s = [slot.pause_s() for _ in range(20)]

    assert pauses_s[0] == pytest.approx(0.05)
    assert all(earlier <= later for earlier, later in pairwise(pauses_s))
    assert pauses_s[-1] == SLOWEST_S


def test_on_one_machine_a_request_polls_five_times_before_s3_would_be_asked(
    clock: ManualClock,
) -> None:
    with PollSchedule(clock, ON_THIS_MACHINE).slot() as slot:
        pauses_s = [slot.pause_s() for _ in range(40)]

    assert sum(pauses_s[:5]) < 0.05
    assert pauses_s[-1] == SLOWEST_S


def test_later_requests_poll_later_and_no_pause_exceeds_two_seconds(clock: ManualClock) -> None:
    schedule = PollSchedule(clock)
    with ExitStack() as stack:
        slots = [stack.enter_context(schedule.slot()) for _ in range(200)]
        pauses_s = [slot.pause_s() for slot in slots]

    assert pauses_s[0] == pytest.approx(0.05)
    assert pauses_s[10] > pauses_s[4] > pauses_s[0]
    assert max(pauses_s) == LONGEST_S


def test_request_that_moves_up_polls_sooner(clock: ManualClock) -> None:
    schedule = PollSchedule(clock)
    with ExitStack() as stack:
        with schedule.slot():
            for _ in range(19):
                stack.enter_context(schedule.slot())
            last = stack.enter_context(schedule.slot())
            far_s = last.pause_s()
        stack.close()
        with schedule.slot() as alone:
            near_s = alone.pause_s()

    assert near_s < far_s


@pytest.mark.parametrize(("gap_s", "slower"), [(0.2, True), (0.001, False)])
def test_pauses_follow_the_pace_of_the_answers(
    clock: ManualClock, gap_s: float, slower: bool
) -> None:
    schedule = PollSchedule(clock)
    with ExitStack() as stack:
        slots = [stack.enter_context(schedule.slot()) for _ in range(20)]
        before_s = slots[10].pause_s()
        for _ in range(10):
            clock.advance(gap_s)
            slots[0].answered()
        after_s = stack.enter_context(schedule.slot()).pause_s()

    assert (after_s > before_s * 2) is slower


def test_time_without_a_waiting_request_does_not_count(clock: ManualClock) -> None:
    schedule = PollSchedule(clock)
    clock.advance(3600)
    with ExitStack() as stack:
        slots = [stack.enter_context(schedule.slot()) for _ in range(5)]
        clock.advance(0.01)
        slots[0].answered()

        assert slots[1].pause_s() == pytest.approx(0.05)
