"""What ``docs/metrics.md`` shows of the trials that a real Prometheus watches."""

import json
from pathlib import Path
from typing import Any

from benchmarks.common.tables import paragraph, table
from harness.watched.alert_faults import FAULTS
from harness.watched.alert_rules import LONG
from harness.watched.alerts import ARTIFACT as ALERTS
from harness.watched.counting import ARTIFACT as COUNTING
from harness.watched.restarts import ARTIFACT as RESTARTS

_UNKNOWN = "–"


def alerts_table() -> str:
    """Return each alert's fault, and the seconds that were measured."""
    seen = {each["alert"]: each for each in _read(ALERTS).get("alerts", [])}
    rows = [
        [
            f"`{alert}`",
            fault.name,
            "copy" if alert in LONG else "shipped",
            seen[alert]["fired_s"] if alert in seen else _UNKNOWN,
            seen[alert]["resolved_s"] if alert in seen else _UNKNOWN,
        ]
        for fault in FAULTS
        for alert in fault.alerts
    ]
    return table(["alert", "fault", "rule", "fires after s", "resolves after s"], rows)


def counted_sentence() -> str:
    """Return what the counters were compared with, and nothing before that was measured."""
    made = _read(COUNTING)
    if not made:
        return ""
    counted, killed = made["counted"], made["killed"]
    return paragraph(
        f"`make chaos-alerts` uploaded {made['uploads']:,} photos while {killed['web processes']}"
        f" web processes and {killed['workers']} workers were killed: {counted['results']:,}"
        f" results are stored, {sum(counted['outcomes'].values()):,} were counted, and"
        f" {len(counted['fallen'])} counters fell."
    )


def restarts_table() -> str:
    """Return what showing the numbers costs after restarts, and nothing before it was measured."""
    made = _read(RESTARTS)
    rows = [
        [who, look["restarts"], look["scrape_ms"], look["files"], look["series"], look["memory_mb"]]
        for who, kind in (("web process", "web"), ("worker", "workers"))
        for look in made.get(kind, [])
    ]
    heads = ["restarted", "times", "scrape ms", "files", "series", "memory MB"]
    return table(heads, rows) if rows else ""


def _read(artifact: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(artifact.read_text()) if artifact.exists() else {}
    return found
