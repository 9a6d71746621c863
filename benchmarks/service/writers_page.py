"""The tables of docs/scaling.md on many writers, from docs/benchmarks/writers.json."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "writers.json"


def goals() -> str:
    """Return the goals with what was measured."""
    sizes = _artifact()["sizes"]
    here = [each["here"] for each in sizes]
    together = [_together(each, 8, 200) for each in here]
    singly = [each["singly"]["faces_per_s"] for each in here]
    lone_ms = max(ms for each in here for ms in each["lone"]["ms"])
    flat = min(singly) / singly[0]
    rows = [
        _goal(
            "8 writers: at least 2,000 faces per second", f"{together[0]:,}", together[0] >= 2000
        ),
        _goal(
            "one writer, one photo at a time: at least 120 faces per second",
            f"{singly[0]:,}",
            singly[0] >= 120,
        ),
        _goal("a lone photo is stored within 0.5 s", f"{lone_ms / 1000:.2f} s", lone_ms <= 500),
        _goal(
            f"as fast in {sizes[-1]['faces']:,} faces as in none, within a fifth",
            f"{flat:.2f} × in the slowest size",
            flat >= 0.8,
        ),
    ]
    return table(("goal", "measured", ""), rows)


def sizes() -> str:
    """Return what was measured at each size, and when."""
    artifact = _artifact()
    rows = []
    for each in artifact["sizes"]:
        for side, name in (("here", "journal"), ("base", "table alone, as before")):
            if side in each:
                rows.append((f"{each['faces']:,}", name, *_cells(each[side])))
    heading = (
        "faces in the collection",
        "written to",
        "one photo at a time: faces per second, p50",
        "a lone photo, longest",
        "1 writer, 200 photos waiting",
        "4 writers",
        "8 writers",
        "8 writers, 44 photos waiting",
        "one photo at a time, enrolled",
    )
    run = artifact["machine"]
    loads = [each["load_before"] for each in artifact["sizes"]]
    measured = paragraph(
        f"Measured {artifact['measured_at'][:10]} on {run['cores']} cores, which LocalStack "
        f"shared: the load average before each size was {min(loads)} to {max(loads)}. "
        f"Each photo has one face. With 200 photos waiting in each writer, groups grow with the "
        f"queue; 44 wait in a worker with two children."
    )
    return f"{table(heading, rows)}\n\n{measured}"


def _cells(side: dict[str, Any]) -> list[str]:
    singly, enrolled = side["singly"], side["enrolled_singly"]
    return [
        f"{singly['faces_per_s']}, {singly['p50_ms']} ms",
        f"{max(side['lone']['ms'])} ms",
        *(f"{_together(side, *load):,}" for load in ((1, 200), (4, 200), (8, 200), (8, 44))),
        f"{enrolled['faces_per_s']}",
    ]


def _together(side: dict[str, Any], writers: int, waiting: int) -> int:
    return next(
        int(each["faces_per_s"])
        for each in side["together"]
        if (each["writers"], each["waiting"]) == (writers, waiting)
    )


def _goal(name: str, measured: str, met: bool) -> tuple[str, str, str]:
    return name, measured, "met" if met else "**missed**"


def _artifact() -> dict[str, Any]:
    artifact: dict[str, Any] = json.loads(_ARTIFACT.read_text())
    return artifact
