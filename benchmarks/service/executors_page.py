"""The tables of docs/executors.md, which cog writes there, from docs/benchmarks/executors.json."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ROOT: Final = Path(__file__).resolve().parents[2]
_ARTIFACT: Final = _ROOT / "docs" / "benchmarks" / "executors.json"
_PARTS: Final = {"children": "children", "others": "other processes", "worker": "worker itself"}


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    artifact = json.loads(_ARTIFACT.read_text())
    return {
        "executors": _executors_table(artifact["executors"]),
        "run": _run(artifact),
        "sharing": _sharing_table(artifact["sharing"]),
    }


def _executors_table(executors: dict[str, Any]) -> str:
    rows: list[tuple[object, ...]] = [
        (
            f"{name}, MB (PSS / USS / RSS)",
            *(
                " / ".join(f"{one[part][f'{kind}_mb']:.0f}" for kind in ("pss", "uss", "rss"))
                for one in executors.values()
            ),
        )
        for part, name in _PARTS.items()
    ]
    totals = (sum(one[part]["pss_mb"] for part in _PARTS) for one in executors.values())
    rows.append(("all together, MB (PSS)", *(f"**{total:.0f}**" for total in totals)))
    rows.append(("other processes, count", *(one["others"]["count"] for one in executors.values())))
    rows.append(("photos per second", *(_speed(one) for one in executors.values())))
    rows.append(("start, s", *(one["start_s"] for one in executors.values())))
    return table(("", *(f"`{name}`" for name in executors)), rows)


def _speed(measured: dict[str, Any]) -> str:
    low, high = measured["photos_per_s_range"]
    return f"**{measured['photos_per_s']:.1f}** ({low:.1f} to {high:.1f})"


def _run(artifact: dict[str, Any]) -> str:
    machine = artifact["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in artifact["versions"].items())
    photos = artifact["photos"] * artifact["repetitions"]
    return paragraph(
        f"Measured {artifact['measured_at'][:10]} on {machine['cores']} cores "
        f"({machine['system']}), {versions}. The load average was {machine['load_before']} before. "
        f"{artifact['children']} children recognised {photos} photos per round, the executors in "
        "turn. The table shows each executor's round of middle speed, and the range of speeds."
    )


def _sharing_table(sharing: dict[str, Any]) -> str:
    rows = [
        (
            f"`{network}`",
            way,
            f"{measured['loaded_mb']:.1f}",
            f"{measured['after_runs_mb']:.1f}",
            f"{measured['ms_best_tenth']:.1f}",
        )
        for network, ways in sharing.items()
        for way, measured in ways.items()
    ]
    head = ("network", "weights from", "own MB, loaded", "after runs", "ms, fastest tenth")
    return table(head, rows)
