"""The tables and the chart of decisions by person in docs/accuracy.md, from their artifact.

Usage: python -m benchmarks.accuracy.by_person_page
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import table
from core.faces.calibration import Spread
from core.ground.plots import bar_chart

_FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"
_OURS: Final = "balanced"
_PHOTOS: Final = (1, 2, 4)
_MOST_NAMED: Final = 0.012
_MOST_MISSED: Final = {1000: (0.28, 0.11, 0.06), 100: (0.12, 0.06, 0.03)}


def main() -> None:
    """Draw how many people are missed, by nearest face and by person."""
    measured = _models()[_OURS]["measured"]
    groups = [(people, photos) for people in (100, 1000) for photos in _PHOTOS]
    chart = bar_chart(
        "Known people who are not named, 1 in 100 strangers being named",
        "FNIR",
        [f"{people:,} people,\n{photos} photos" for people, photos in groups],
        {
            name: [_row(measured, *group)[key] for group in groups]
            for name, key in (("nearest face", "fnir_nearest_face"), ("by person", "fnir"))
        },
    )
    (_FOLDER / "by-person.svg").write_text(chart)


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    models = _models()
    return {
        "goals": table(("goal", "measured", ""), list(_goals(models[_OURS]))),
        "calibrations": _calibrations(models),
        "extrapolated": _extrapolated(models),
        **{f"by person {name}": _measured(models[name]) for name in models},
    }


def _models() -> dict[str, Any]:
    models: dict[str, Any] = json.loads((_FOLDER / "by-person.json").read_text())["models"]
    return models


def _row(measured: list[dict[str, Any]], people: int, photos: int) -> dict[str, Any]:
    return next(row for row in measured if (row["people"], row["photos"]) == (people, photos))


def _goals(model: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for people in (10, 100, 1000):
        worst = max(_row(model["measured"], people, photos)["fpir"]["0.01"] for photos in _PHOTOS)
        yield _goal(f"FPIR with {people:,} people, at most", _MOST_NAMED, worst, digits=2)
    crossed = model["crossed"]
    mean = sum(half["fpir"]["0.01"] for half in crossed["halves"]) / len(crossed["halves"])
    yield _goal(f"FPIR with {crossed['people']:,} people, at most", _MOST_NAMED, mean, digits=2)
    for people, goals in _MOST_MISSED.items():
        for photos, goal in zip(_PHOTOS, goals, strict=True):
            found = _row(model["measured"], people, photos)["fnir"]
            plural = "photo" if photos == 1 else "photos"
            yield _goal(f"FNIR with {people:,} people by {photos} {plural}, at most", goal, found)


def _goal(name: str, goal: float, found: float, *, digits: int = 1) -> tuple[str, str, str]:
    met = "met" if found <= goal else f"missed by {100 * (found - goal):.{digits}f} points"
    return f"{name} {goal:.1%}", f"{found:.{digits}%}", met


def _measured(model: dict[str, Any]) -> str:
    rows = [
        (
            f"{row['people']:,}",
            row["photos"],
            *(f"{row['fpir'][rate]:.2%}" for rate in ("0.001", "0.01", "0.05")),
            f"{row['fnir']:.1%}",
            f"{row['wrongly_named']:.1%}",
            f"{row['fnir_nearest_face']:.1%}",
            f"{row['nearest_face_distance']:.3f}",
        )
        for row in [*model["measured"], *model["crossed"].get("halves", [])]
    ]
    head = (
        "people",
        "photos of each",
        "FPIR for 0.1 %",
        "FPIR for 1 %",
        "FPIR for 5 %",
        "FNIR for 1 %",
        "of these another name",
        "FNIR of the nearest face",
        "its largest distance",
    )
    return table(head, rows)


def _calibrations(models: dict[str, Any]) -> str:
    rows = [
        (
            f"`{name}`",
            f"{model['model']['name']} {model['model']['version']}",
            *asdict(Spread(**model["spread"])).values(),
        )
        for name, model in models.items()
    ]
    head = ("profile", "model", "mean", "deviation", "more faces", "narrowing", "crowding")
    return table(head, rows)


def _extrapolated(models: dict[str, Any]) -> str:
    rows = [
        (f"`{name}`", f"{people:,}", f"{fpir['0.01']:.2%}", f"{fpir['0.05']:.2%}")
        for name, model in models.items()
        for people, fpir in _predicted(model)
    ]
    return table(("profile", "people", "FPIR for 1 %", "FPIR for 5 %"), rows)


def _predicted(model: dict[str, Any]) -> Iterator[tuple[int, dict[str, float]]]:
    for people, fpir in model["extrapolated"]["fpir"].items():
        yield int(people), fpir
    for fpir in model["crossed"].get("extrapolated", ()):
        yield model["crossed"]["people"], fpir


if __name__ == "__main__":
    main()
