"""The table of docs/page.md on what was proven in a browser, from docs/benchmarks/page.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "page.json"


def proofs() -> str:
    """Return the table, and when and where it was measured."""
    found = json.loads(_ARTIFACT.read_text())
    rows = [*_requests(found), *_crowd(found["crowd"])]
    for name, what in (("live", "view Live"), ("photos", "view Photos")):
        rows += _memory(found[name], what)
    run = found["machine"]
    when = paragraph(
        f"Measured {found['measured_at'][:10]} in Chromium {found['chromium'].split('.')[0]} on "
        f"{run['cores']} cores; the load average was {run['load_before']} before. "
        "Service and LocalStack ran on the same machine."
    )
    return f"{table(('what', 'wanted', 'seen'), rows)}\n\n{when}"


def _requests(found: Mapping[str, Any]) -> list[tuple[object, ...]]:
    reload, slow = found["reload"], found["slow"]
    return [
        (
            f"{reload['photos']:,} photos dropped, reload at the half, dropped again: results",
            f"{reload['photos']:,}",
            f"{reload['results']:,}",
        ),
        (
            f"camera, every answer {slow['delay_s']:g} s late: requests under way at a time",
            1,
            slow["most_at_a_time"],
        ),
        (f"the same: requests in {slow['seconds']:g} s", "at most 21", slow["requests"]),
    ]


def _crowd(crowd: Mapping[str, Any]) -> list[tuple[object, ...]]:
    people = f"{crowd['people']:,} people"
    return [
        (f"{people}: the first are drawn after", "at most 1,000 ms", f"{crowd['usable_ms']:,} ms"),
        (
            f"{people}, scrolled to the last: longest task",
            "at most 200 ms",
            f"{crowd['longest_task_ms']} ms" if crowd["long_tasks"] else "none of 50 ms or more",
        ),
    ]


def _memory(watched: Mapping[str, Any], view: str) -> list[tuple[object, ...]]:
    early, late = watched["heap_mb"]
    minutes = f"{watched['minutes']:g} minutes of the {view}"
    return [
        (
            f"{minutes}: heap in the second fifth and in the last",
            "at most 10 % more",
            f"{early:.2f} MB, {late:.2f} MB ({watched['growth_percent']:+.1f} %)",
        ),
        (
            "the same: memory of the tab's process, garbage and caches included",
            "not judged",
            f"{watched['process_mb'][0]} MB, {watched['process_mb'][1]} MB",
        ),
    ]
