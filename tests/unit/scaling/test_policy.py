"""How many workers there should be, for any queue and any past."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.scaling.policy import Decision, Depth, Limits, Pace, Reason, Situation, decide, wanted

LIMITS = Limits(max_workers=15, children=2, target_latency_s=5, cool_down_s=60)
IDLE = Depth(visible=0, in_flight=0)

depths = st.builds(Depth, visible=st.integers(0, 100_000), in_flight=st.integers(0, 120_000))
all_limits = st.builds(
    Limits,
    max_workers=st.integers(0, 1000),
    children=st.integers(1, 64),
    target_latency_s=st.floats(0.1, 600),
    cool_down_s=st.floats(0, 600),
)
paces_s = st.floats(0.001, 60)


def run(depths_seen: list[Depth], limits: Limits = LIMITS, *, workers: int = 0) -> list[Decision]:
    """Decide every 10 seconds, each decision being carried out at once."""
    decisions: list[Decision] = []
    for turn, depth in enumerate(depths_seen):
        situation = Situation(
            now_s=10.0 * turn,
            depth=depth,
            workers=decisions[-1].workers if decisions else workers,
            seconds_per_job=1,
            history=decisions[-1].history if decisions else (),
        )
        decisions.append(decide(situation, limits))
    return decisions


def at_once(depth: Depth, workers: int) -> Decision:
    return decide(Situation(now_s=0, depth=depth, workers=workers, seconds_per_job=1), LIMITS)


def test_one_message_starts_a_worker_from_zero() -> None:
    decision = at_once(Depth(visible=1, in_flight=0), workers=0)

    assert (decision.workers, decision.reason) == (1, Reason.BACKLOG)


def test_workers_are_as_many_as_finish_the_backlog_in_the_target_latency() -> None:
    assert at_once(Depth(visible=75, in_flight=5), workers=1).workers == 8


def test_nobody_is_started_for_an_empty_queue() -> None:
    decision = at_once(IDLE, workers=0)

    assert (decision.workers, decision.reason) == (0, Reason.STEADY)


def test_idle_workers_are_ended_after_the_cool_down_and_not_before() -> None:
    burst = Depth(visible=75, in_flight=5)

    decisions = run([burst, *[IDLE] * 8])

    assert [each.workers for each in decisions] == [8, 8, 8, 8, 8, 8, 0, 0, 0]
    assert decisions[5].reason is Reason.COOLING_DOWN
    assert decisions[6].reason is Reason.FEWER_JOBS


def test_new_autoscaler_watches_for_a_cool_down_before_it_ends_workers() -> None:
    assert [each.workers for each in run([IDLE] * 7, workers=4)] == [4, 4, 4, 4, 4, 4, 0]


def test_bursts_within_the_cool_down_change_nothing() -> None:
    burst = Depth(visible=75, in_flight=5)

    decisions = run([burst, IDLE, IDLE, burst, IDLE, IDLE] * 5)

    assert {each.workers for each in decisions} == {8}


def test_workers_whose_jobs_are_in_flight_are_not_ended() -> None:
    quiet = Depth(visible=0, in_flight=7)
    fast = replace(LIMITS, target_latency_s=600)

    decisions = run([quiet] * 20, fast, workers=4)

    assert {each.workers for each in decisions} == {4}
    assert decisions[-1].reason is Reason.IN_FLIGHT


def test_work_that_no_look_saw_keeps_one_of_the_workers() -> None:
    situation = Situation(now_s=0, depth=IDLE, workers=3, seconds_per_job=1, worked=True)

    assert decide(situation, LIMITS).history[-1].workers == 1


def test_lower_maximum_holds_at_once() -> None:
    decision = at_once(Depth(visible=0, in_flight=100), workers=20)

    assert (decision.workers, decision.reason) == (15, Reason.OVER_MAXIMUM)


@given(depths, all_limits, paces_s)
def test_wanted_workers_are_between_zero_and_the_maximum(
    depth: Depth, limits: Limits, pace_s: float
) -> None:
    number = wanted(depth, seconds_per_job=pace_s, limits=limits)

    assert 0 <= number <= limits.max_workers
    assert (number > 0) == (depth.jobs > 0 and limits.max_workers > 0)


@given(depths, depths, all_limits, paces_s)
def test_more_jobs_never_want_fewer_workers(
    depth: Depth, more: Depth, limits: Limits, pace_s: float
) -> None:
    before = wanted(depth, seconds_per_job=pace_s, limits=limits)

    assert wanted(depth + more, seconds_per_job=pace_s, limits=limits) >= before


@given(st.lists(depths, min_size=1, max_size=30), all_limits, st.integers(0, 30))
def test_decisions_keep_their_promises_for_any_history(
    seen: list[Depth], limits: Limits, workers: int
) -> None:
    before = workers
    for turn, (depth, decision) in enumerate(
        zip(seen, run(seen, limits, workers=workers), strict=True)
    ):
        busy = min(before, -(-depth.in_flight // limits.children), limits.max_workers)
        need = wanted(depth, seconds_per_job=1, limits=limits)
        assert max(busy, need) <= decision.workers <= limits.max_workers
        shrunk = decision.workers < before
        assert not shrunk or 10 * turn >= limits.cool_down_s or before > limits.max_workers
        before = decision.workers


@given(st.lists(depths, min_size=1, max_size=30), all_limits, depths)
def test_steady_backlog_ends_in_a_steady_number(
    seen: list[Depth], limits: Limits, steady: Depth
) -> None:
    settled = run([*seen, *[steady] * 70], limits)[-5:]

    assert len({each.workers for each in settled}) == 1


@given(st.lists(depths, min_size=1, max_size=60))
def test_history_does_not_grow_beyond_the_cool_down(seen: list[Depth]) -> None:
    assert all(len(each.history) <= 7 for each in run(seen))


def test_pace_is_the_best_of_the_last_samples() -> None:
    pace = Pace(guess_s=0.5)

    for before, now in ((100, 90), (90, 70), (70, 65)):
        pace = pace.after(
            Depth(visible=before - 20, in_flight=20),
            Depth(visible=now - 20, in_flight=20),
            children=4,
            seconds=2,
        )

    assert pace.samples == (0.8, 0.4, 1.6)
    assert pace.seconds_per_job == 0.4


def test_pace_forgets_what_was_long_ago() -> None:
    pace = Pace(guess_s=0.5, samples=(0.1, *[0.7] * 11))

    slower = pace.after(
        Depth(visible=50, in_flight=4), Depth(visible=40, in_flight=4), children=4, seconds=2
    )

    assert slower.seconds_per_job == 0.7


@given(depths, depths, st.integers(0, 50), st.just(0.0) | st.floats(0.001, 100))
def test_pace_learns_only_while_all_children_are_busy_and_the_queue_shrinks(
    before: Depth, now: Depth, children: int, seconds: float
) -> None:
    pace = Pace(guess_s=0.5).after(before, now, children=children, seconds=seconds)

    telling = now.jobs < before.jobs and 0 < children <= now.in_flight and seconds > 0
    assert bool(pace.samples) == telling
    assert pace.seconds_per_job > 0
