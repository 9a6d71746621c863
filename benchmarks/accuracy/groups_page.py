"""The tables of docs/groups.md, from docs/benchmarks/groups.json."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "groups.json"
_SHOWN: Final = (0.87, 0.89, 0.91, 0.93, 0.96)


def quality() -> str:
    """Return precision and recall of the half of the people that chose nothing."""
    artifact = json.loads(_ARTIFACT.read_text())
    half = artifact["reported"]
    rows = [
        _row(f"{alone['share']:.2f}", alone, among)
        for alone, among in zip(half["alone"], half["among_strangers"], strict=True)
        if alone["share"] in _SHOWN
    ]
    steps = half["added_in_steps"]
    told = paragraph(
        f"{half['photos']} photos of {half['people']} people, alone and among "
        f"{half['strangers']:,} photos of others. If all of them are added in twenty steps, in a "
        f"random order, precision is {_share(steps['precision'])} and recall "
        f"{_share(steps['recall'])}."
    )
    head = ("share of the distance", "precision", "recall", "among others: precision", "recall")
    return f"{table(head, rows)}\n\n{told}"


def effort() -> str:
    """Return time and memory of 50,000 made-up faces."""
    artifact = json.loads(_ARTIFACT.read_text())
    made_up = artifact["made_up"]
    rows = [
        (people, f"{one['seconds']} s", f"{one['seconds_for_100_more']} s")
        for people, one in made_up["kinds"].items()
    ]
    told = paragraph(
        f"{made_up['faces']:,} made-up faces, measured {artifact['measured_at'][:10]} in processor "
        f"time of one core. The process took {made_up['peak_mb']} MB at most."
    )
    head = ("faces of", "all at once", "100 more")
    return f"{table(head, rows)}\n\n{told}"


def _row(share: str, alone: dict[str, Any], among: dict[str, Any]) -> tuple[str, ...]:
    rates = (alone["precision"], alone["recall"], among["precision"], among["recall"])
    return (share, *map(_share, rates))


def _share(rate: float) -> str:
    return f"{100 * rate:.1f}%"
