"""What metrics and traces cost is judged within each round."""

from benchmarks.observing.bench_observing import summary
from benchmarks.observing.observing_page import goals


def round_of(off: float, metrics: float, traces: float) -> dict[str, dict[str, float]]:
    """Return a round in which a job took so many milliseconds of processor time."""
    given = {"off": off, "metrics": metrics, "traces": traces}
    return {name: {"processor_ms": ms, "p50_ms": 2 * ms} for name, ms in given.items()}


def test_rounds_that_are_slow_for_all_change_nothing() -> None:
    found = summary([round_of(100, 101, 103.02), round_of(200, 202, 206.04)])

    assert found["metrics_against_off"]["processor_percent"] == 1.0
    assert found["traces_against_metrics"]["processor_percent"] == 2.0
    assert found["costs"]["off"]["processor_ms"] == 150


def test_goals_are_met_up_to_their_bounds_and_missed_beyond() -> None:
    kept = summary([round_of(10, 10.2, 10.5)])
    broken = summary([round_of(10, 10.6, 11.0)])

    assert [goal.met for goal in goals(kept)] == [True, True, True]
    assert [goal.met for goal in goals(broken)] == [False, False, False]
