"""The table of docs/scaling.md on what keys cost, from docs/benchmarks/door.json."""

import json
from pathlib import Path
from typing import Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "door.json"


def door() -> str:
    """Return the table, and when it was measured."""
    artifact = json.loads(_ARTIFACT.read_text())
    again = artifact["same photo again"]
    rows = [
        (name, f"{one['off_p50_ms']} ms", f"{one['keys_p50_ms']} ms", f"{one['added_ms']} ms")
        for name, one in artifact["requests"].items()
    ]
    run = artifact["machine"]
    measured = paragraph(
        f"Measured {artifact['measured_at'][:10]} on {run['cores']} cores; the load average was "
        f"{run['load_before']} before. The same photo again got its "
        f"earlier answer in {again['p50_ms']} ms (p50), {again['p95_ms']} ms (p95)."
    )
    return f"{table(('request (p50)', 'without keys', 'with keys', 'added'), rows)}\n\n{measured}"
