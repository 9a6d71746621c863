"""Fit each model's calibration to half of LFW's people; measure its promises on the others.

Usage: python -m benchmarks.accuracy.by_person --models-dir var/models

Embeddings are kept in var/lfw, so that a second run is quick. Nothing but the fit looks at
the people who are measured: the shape of the formula and its two round numbers were chosen
with `balanced` on the people for choosing, too.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.accuracy.embedded_lfw import PROFILES_OF_MODELS, embedded_people
from benchmarks.accuracy.fitted import CAUTION, SEED, SMALL, STRANGERS, Fitted
from benchmarks.common.lfw import trial_options
from core.faces.accuracy.trials import People, Rows, Trial, try_galleries
from core.faces.calibration import Spread
from core.faces.crowd import Numbers
from core.faces.decision import DEFAULT_FALSE_NAME_RATE

_CALIBRATIONS: Final = Path("core/faces/calibrations.json")
_CROWDS: Final = Path("core/faces/crowds.json")

_REPORTED: Final = ((10, 200), (100, 60), (1000, 15))
_PHOTOS: Final = (1, 2, 4)
_CROSSED: Final = (2500, 6)
_NAMED: Final = -np.log1p(-DEFAULT_FALSE_NAME_RATE)


def main() -> None:
    """Fit and measure the chosen models; others that the artifact holds stay in it."""
    options = _options()
    file = options.out / "by-person.json"
    models = json.loads(file.read_text())["models"] if file.is_file() else {}
    for name in options.profiles:
        people, model = embedded_people(name, options)
        models[name], crowd = _measure(people, model)
        models = {each: models[each] for each in PROFILES_OF_MODELS if each in models}
        file.write_text(
            json.dumps({"seed": SEED, "caution": CAUTION, "models": models}, indent=1) + "\n"
        )
        _CALIBRATIONS.write_text(_constants(models))
        _CROWDS.write_text(_with_crowd(_CROWDS, model, crowd))


def _options() -> argparse.Namespace:
    parser = trial_options(__doc__, out="docs/benchmarks")
    parser.add_argument(
        "--profiles", nargs="+", choices=PROFILES_OF_MODELS, default=[*PROFILES_OF_MODELS]
    )
    parser.add_argument("--embeddings", type=Path, default=Path("var/lfw"))
    return parser.parse_args()


def _constants(models: Mapping[str, Any]) -> str:
    fitted = [{**measured["model"], "spread": measured["spread"]} for measured in models.values()]
    return json.dumps({"models": fitted}, indent=1) + "\n"


def _with_crowd(file: Path, model: dict[str, str], crowd: Numbers) -> str:
    """Return the file with a model's crowd, each on one line: nobody reads thousands of numbers."""
    known = json.loads(file.read_text())["models"] if file.is_file() else []
    others = [each for each in known if (each["name"], each["version"]) != tuple(model.values())]
    crowds = sorted(
        [*others, {**model, "crowd": crowd}], key=lambda each: each["name"] + each["version"]
    )
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in crowds)
    return f'{{"models":[\n{lines}\n]}}\n'


def halves(people: int, *, seed: int) -> tuple[Rows, Rows]:
    """Return the people for choosing, and the others, on whom the result is measured."""
    mixed = np.random.default_rng(seed).permutation(people)
    return np.sort(mixed[: people // 2]), np.sort(mixed[people // 2 :])


def _measure(people: People, model: dict[str, str]) -> tuple[dict[str, Any], Numbers]:
    choosing, reporting = halves(len(people), seed=SEED)
    fitted = Fitted.to(people, choosing)
    large = [people for people in (1000, 1400) if people < len(choosing)]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("onnxruntime", "numpy", "scipy")},
        "model": model,
        "people": {"choosing": len(choosing), "reporting": len(reporting)},
        "spread": _rounded(fitted.spread),
        "fit": [
            {"people": size, "photos": photos, "fpir": false_names(trial, fitted.spread)}
            for (size, photos), trial in fitted.trials.items()
        ],
        "measured": [
            _rates(
                try_galleries(
                    people,
                    reporting,
                    size=size,
                    photos=photos,
                    draws=draws,
                    seed=SEED + photos,
                    most_strangers=STRANGERS,
                    crowd_of=fitted.crowd_of,
                ),
                fitted.spread,
                photos,
            )
            for size, draws in _REPORTED
            for photos in _PHOTOS
        ],
        "extrapolated": {
            "fitted_to": SMALL,
            "spread": _rounded(fitted.small_spread),
            "fpir": {
                str(size): false_names(
                    try_galleries(
                        people,
                        reporting,
                        size=size,
                        photos=1,
                        draws=20,
                        seed=SEED,
                        crowd_of=fitted.crowd_of,
                    ),
                    fitted.small_spread,
                )
                for size in large
            },
        },
        "crossed": _crossed(people, choosing, reporting, fitted),
    }, fitted.crowd


def _rounded(spread: Spread) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(spread).items()}


def false_names(trial: Trial, spread: Spread) -> dict[str, float]:
    """Return the share of strangers who are named, by the rate that is asked for."""
    places = spread.place(trial.strangers.seen, people=trial.people).min(axis=1)
    expected = spread.expected_at(places, people=trial.people)
    return {
        f"{rate:g}": round(float(np.mean(expected <= -np.log1p(-rate))), 5)
        for rate in (0.001, 0.01, 0.05)
    }


def _rates(trial: Trial, spread: Spread, photos: int) -> dict[str, Any]:
    place = spread.place(trial.known.seen, people=trial.people)
    best = place.argmin(axis=1)
    right = trial.known.right[np.arange(len(best)), best]
    expected = spread.expected_at(place.min(axis=1), people=trial.people)
    found = np.where(right, expected, np.inf)
    fpir = false_names(trial, spread)
    faces = np.where(trial.known.face_right, trial.known.face, np.inf)
    same_rate = np.quantile(trial.strangers.face, fpir["0.01"])
    return {
        "people": trial.people,
        "photos": photos,
        "strangers_searched": len(trial.strangers.face),
        "known_searched": len(found),
        "fpir": fpir,
        "fnir": round(float(np.mean(found > _NAMED)), 4),
        "wrongly_named": round(float(np.mean(~right & (expected <= _NAMED))), 4),
        "fnir_nearest_face": round(float(np.mean(faces > same_rate)), 4),
        "nearest_face_distance": round(float(same_rate), 4),
    }


def _crossed(people: People, choosing: Rows, reporting: Rows, fitted: Fitted) -> dict[str, Any]:
    """Measure galleries so large that most of their people were needed for the fit.

    Strangers and the people who are searched for were not; then the halves change places.
    """
    size, draws = _CROSSED
    if size >= len(people):
        return {}
    ways = ((choosing, reporting, fitted), (reporting, choosing, Fitted.to(people, reporting)))
    tried = [
        try_galleries(
            people,
            drawn,
            size=size,
            photos=1,
            draws=draws,
            seed=SEED,
            always=fixed,
            crowd_of=by.crowd_of,
        )
        for fixed, drawn, by in ways
    ]
    return {
        "people": size,
        "halves": [
            _rates(trial, by.spread, 1) for trial, (_, _, by) in zip(tried, ways, strict=True)
        ],
        "extrapolated": [
            false_names(trial, by.small_spread)
            for trial, (_, _, by) in zip(tried, ways, strict=True)
        ],
    }


if __name__ == "__main__":
    main()
