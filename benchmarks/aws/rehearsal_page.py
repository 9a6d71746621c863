"""The tables of docs/aws-rehearsal.md, from docs/benchmarks/aws-rehearsal.json."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = (
    Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "aws-rehearsal.json"
)
_COUNTS: Final = {
    "resources": "{} resources",
    "tagged": "{} of them can have tags, and have them",
    "deviations": "{} known deviations, and no others",
    "planner": "a plan makes {} kinds of calls",
    "deployer": "an apply makes {} kinds of calls, and both roles may make theirs",
    "compared": "{} facts of buckets and queues, none changed",
    "instances": "up to {} instances",
    "left_behind": "{} kinds of things are known to stay, and no others",
}


def steps() -> str:
    """Return the steps with what each came to, and when that was."""
    rehearsed = _rehearsed()
    rows = [(each["step"], _found(each), each["seconds"]) for each in rehearsed["steps"]]
    run = rehearsed["machine"]
    when = paragraph(
        f"Rehearsed {rehearsed['measured_at'][:10]} on {run['cores']} cores; the load average was "
        f"{run['load_before']} before."
    )
    return f"{table(('step', 'found', 'seconds'), rows)}\n\n{when}"


def deviations() -> str:
    """Return what the emulated account does otherwise than AWS."""
    rehearsed = _rehearsed()
    plan = next(each["deviations"] for each in rehearsed["steps"] if "deviations" in each)
    left = next(each["left_behind"] for each in rehearsed["steps"] if "left_behind" in each)
    rows = [
        *((f"`{name}`", "left out", reason) for name, reason in rehearsed["left_out"].items()),
        *(
            (f"`{each['kind']}`: `{each['attribute']}`", "second plan", each["reason"])
            for each in plan
        ),
        *((f"`{each['kind']}`", "stays after the end", each["reason"]) for each in left),
    ]
    return table(("what", "where it shows", "because"), rows)


def _rehearsed() -> Any:
    return json.loads(_ARTIFACT.read_text())


def _found(step: dict[str, Any]) -> str:
    found = []
    for name, words in _COUNTS.items():
        if name in step:
            value = step[name]
            found.append(words.format(len(value) if isinstance(value, list) else value))
    return ", ".join(found)
