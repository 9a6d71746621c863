"""What metrics and traces cost is judged within each round."""

from typing import Any

from benchmarks.observing.bench_observing import summary
from benchmarks.observing.observing_page import goals

Round = dict[str, dict[str, float]]


def costs(own_ms: float, child_ms: float = 50) -> dict[str, float]:
    return {"web_ms": own_ms / 2, "worker_ms": own_ms / 2, "child_ms": child_ms, "p50_ms": own_ms}


def round_of(off: float, metrics: float, traces: float, **more: float) -> Round:
    """Return a round in which web tier and worker took so many milliseconds for a job."""
    given = {"off": off, "metrics": metrics, "traces": traces}
    return {name: costs(ms, **more) for name, ms in given.items()}


def percent(found: dict[str, Any], pair: str, kind: str = "processor_percent") -> float:
    return float(found[pair][kind]["median"])


def test_rounds_that_are_slow_for_all_change_nothing() -> None:
    found = summary([round_of(50, 51, 53.02), round_of(150, 152, 156.04)])

    assert percent(found, "metrics_against_off") == 1.0
    assert percent(found, "traces_against_metrics") == 2.0
    assert found["costs"]["off"]["p50_ms"] == 100


def test_child_that_is_slow_by_its_start_counts_in_no_difference() -> None:
    seen = [round_of(50, 51, 52) for _ in range(3)]
    seen[1]["metrics"] = costs(51, child_ms=60)

    found = summary(seen)

    assert set(found["metrics_against_off"]["processor_percent"]["rounds"]) == {1.0}
    assert found["metrics_against_off"]["with_own_child_percent"]["rounds"] == [1.0, 11.0, 1.0]


def test_goal_is_met_or_missed_only_where_its_whole_interval_is() -> None:
    kept = summary([round_of(50, 51, 52)] * 4)
    broken = summary([round_of(50, 60, 70)] * 4)
    uncertain = summary([round_of(50, 50, 50), round_of(50, 60, 70)] * 4)

    assert [goal.met for goal in goals(kept)] == [True, True, True]
    assert [goal.met for goal in goals(broken)] == [False, False, False]
    assert [goal.met for goal in goals(uncertain)] == [None, None, None]
    assert goals(kept)[0].measured == "+1 % (+1 to +1)"
