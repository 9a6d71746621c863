"""The table of docs/webhooks.md on lost and repeated events, from docs/benchmarks/webhooks.json."""

import json
from pathlib import Path
from typing import Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "webhooks.json"


def webhooks() -> str:
    """Return the table, and when it was counted."""
    counted = json.loads(_ARTIFACT.read_text())
    rows = [
        ("jobs", f"{counted['jobs']:,}"),
        ("workers killed", counted["killed_workers"]),
        ("requests to the receiver", f"{counted['requests']:,}"),
        ("of these, answered 500", f"{counted['refused_requests']:,}"),
        (
            f"events given up after {counted['attempts']} attempts, and replayed by the API",
            counted["replayed_events"],
        ),
        ("events accepted", f"{counted['accepted_events']:,}"),
        (
            "of these, accepted more than once, under the same id",
            counted["accepted_more_than_once"],
        ),
        ("jobs without an event", counted["jobs_without_event"]),
        ("jobs whose events had several ids", counted["jobs_with_several_ids"]),
    ]
    run = counted["machine"]
    when = paragraph(
        f"Counted {counted['measured_at'][:10]} in {counted['seconds']} s on {run['cores']} cores; "
        f"the load average was {run['load_before']} before."
    )
    return f"{table(('what', 'number'), rows)}\n\n{when}"
