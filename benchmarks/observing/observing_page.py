"""The table of docs/metrics.md on what metrics and traces cost, and the goals for it."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.goals import Goal
from benchmarks.common.tables import paragraph, table

ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "observing.json"
_PLACES: Final = {
    "off": "no metrics",
    "metrics": "metrics",
    "traces": "metrics, and a tenth of all traces",
}
_METRICS_PERCENT: Final = 2.0
_METRICS_MS: Final = 1.0
_TRACES_PERCENT: Final = 3.0


def goals(artifact: dict[str, Any]) -> list[Goal]:
    """Return what telling of itself may cost, with what was measured."""
    metrics, traces = artifact["metrics_against_off"], artifact["traces_against_metrics"]
    return [
        _goal("metrics: processor time per job", metrics["processor_percent"], _METRICS_PERCENT),
        _goal("metrics: answer of one client (p50)", metrics["p50_ms"], _METRICS_MS, "ms"),
        _goal(
            "a tenth of all traces: processor time per job, beyond metrics",
            traces["processor_percent"],
            _TRACES_PERCENT,
        ),
    ]


def tables() -> str:
    """Return what jobs cost with and without, and the goals; nothing before it was measured."""
    if not ARTIFACT.exists():
        return ""
    artifact: dict[str, Any] = json.loads(ARTIFACT.read_text())
    costs = artifact["costs"]
    rows = [
        [
            text,
            f"{costs[name]['processor_ms']:.1f} ms",
            f"{costs[name]['p50_ms']:.1f} ms",
        ]
        for name, text in _PLACES.items()
    ]
    verdicts = [
        [goal.name, goal.measured, "met" if goal.met else "missed"] for goal in goals(artifact)
    ]
    run = artifact["machine"]
    how = paragraph(
        f"Measured {artifact['measured_at'][:10]} on {run['cores']} cores ({run['system']}), with "
        f"a load average of {run['load_before']} before. All three ran at the same time and got "
        f"{artifact['rounds']} bursts of {artifact['photos']} photos each, in turn; then one "
        f"client sent {artifact['alone']}. The first table shows medians of all rounds, the "
        "second medians of what differed within a round."
    )
    head = ["", "processor time per job", "answer of one client (p50)"]
    return f"{table(head, rows)}\n\n{table(['goal', 'measured', ''], verdicts)}\n\n{how}"


def _goal(name: str, measured: float, most: float, unit: str = "%") -> Goal:
    return Goal(
        name=f"{name}: at most +{most:g} {unit}",
        measured=f"{measured:+.2g} {unit}",
        met=measured <= most,
    )
