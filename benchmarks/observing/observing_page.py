"""The tables of docs/metrics.md on what metrics and traces cost, and the goals for it."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.goals import Goal
from benchmarks.common.tables import paragraph, table

ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "observing.json"
VERDICTS: Final = {True: "met", False: "missed", None: "not certain"}
_VARIANTS: Final = {
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
    costs = {name: artifact["costs"][name] for name in _VARIANTS}
    rows = [
        [
            text,
            *(f"{costs[name][f'{cost}_ms']:.1f} ms" for cost in ("web", "worker", "child", "p50")),
        ]
        for name, text in _VARIANTS.items()
    ]
    verdicts = [[goal.name, goal.measured, VERDICTS[goal.met]] for goal in goals(artifact)]
    head = ["", "web tier", "worker", "its child", "answer of one client (p50)"]
    return "\n\n".join(
        (table(head, rows), table(["goal", "measured", ""], verdicts), paragraph(_how(artifact)))
    )


def _how(artifact: dict[str, Any]) -> str:
    run, uploads = artifact["machine"], artifact["uploads"]
    own = [
        _measured(artifact[pair]["with_own_child_percent"], "%")
        for pair in ("metrics_against_off", "traces_against_metrics")
    ]
    return (
        f"Measured {artifact['measured_at'][:10]} on {run['cores']} cores ({run['system']}), with "
        f"a load average of {run['load_before']} before. Each of the three was started "
        f"{artifact['rounds']} times, alone, and got {uploads['burst']} photos at once and then "
        f"{uploads['alone']} of one client. The first table shows processor time per job and "
        "medians of all starts, the second medians of what differed between neighbours, with "
        "their 95 % bootstrap intervals. A goal is met if the whole interval is within it. The "
        "child neither counts nor traces, so its time is taken as the same in all three; with "
        f"each start's own, metrics are {own[0]}, and traces {own[1]}."
    )


def _goal(name: str, found: dict[str, float], most: float, unit: str = "%") -> Goal:
    met = True if found["high"] <= most else False if found["low"] > most else None
    return Goal(name=f"{name}: at most +{most:g} {unit}", measured=_measured(found, unit), met=met)


def _measured(found: dict[str, float], unit: str) -> str:
    return f"{found['median']:+.2g} {unit} ({found['low']:+.2g} to {found['high']:+.2g})"
