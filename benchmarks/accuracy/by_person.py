"""Fit each model's calibration to half of LFW's people; measure its promises on the others.

Usage: python -m benchmarks.accuracy.by_person --models-dir var/models

Embeddings are kept in var/lfw, so that a second run is quick. Nothing but the fit looks at
the people who are measured: the shape of the formula and its two round numbers were chosen
with `balanced` on the people for choosing, too.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks.accuracy.embedded_lfw import PROFILES_OF_MODELS, embedded_people
from benchmarks.common.lfw import trial_options
from core.faces.accuracy.trials import People, Rows, Trial, try_galleries
from core.faces.calibration import Spread
from core.faces.decision import DEFAULT_FALSE_NAME_RATE

_SEED: Final = 20261130
_CALIBRATIONS: Final = Path("core/faces/calibrations.json")

_FITTED: Final = (
    # people, photos of each, galleries
    (1, 1, 1000),
    (1, 4, 1000),
    (2, 1, 600),
    (5, 1, 300),
    (10, 1, 150),
    (10, 4, 150),
    (30, 1, 60),
    (100, 1, 40),
    (100, 2, 20),
    (100, 4, 20),
    (300, 1, 20),
    (300, 2, 12),
    (1000, 1, 12),
    (1000, 2, 10),
    (1000, 4, 10),
)
_FIT_RATES: Final = np.array([0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
_FIT_WEIGHTS: Final = np.array([0.5, 1.0, 1.5, 1.3, 1.0, 0.5])
_CAUTION: Final = 0.8
"""Share of a promised rate that the fit aims at, because other people may be less lucky ones."""

_START: Final = (0.82, 0.09, 0.06, 0.6)
_SCALES: Final = (0.01, 0.005, 0.02, 0.2)

_REPORTED: Final = ((10, 200), (100, 60), (1000, 15))
_PHOTOS: Final = (1, 2, 4)
_EXTRAPOLATED_FROM: Final = 300
_CROSSED: Final = (2500, 6)
_STRANGERS: Final = 500
"""Searches for strangers in each small gallery."""

_NAMED: Final = -np.log1p(-DEFAULT_FALSE_NAME_RATE)


def main() -> None:
    """Fit and measure the chosen models; others that the artifact holds stay in it."""
    options = _options()
    file = options.out / "by-person.json"
    models = json.loads(file.read_text())["models"] if file.is_file() else {}
    for name in options.profiles:
        models[name] = _measure(*embedded_people(name, options), seed=_SEED)
        models = {each: models[each] for each in PROFILES_OF_MODELS if each in models}
        file.write_text(
            json.dumps({"seed": _SEED, "caution": _CAUTION, "models": models}, indent=1) + "\n"
        )
        _CALIBRATIONS.write_text(_constants(models))


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


def halves(people: int, *, seed: int) -> tuple[Rows, Rows]:
    """Return the people for choosing, and the others, on whom the result is measured."""
    mixed = np.random.default_rng(seed).permutation(people)
    return np.sort(mixed[: people // 2]), np.sort(mixed[people // 2 :])


def _measure(people: People, model: dict[str, str], *, seed: int) -> dict[str, Any]:
    choosing, reporting = halves(len(people), seed=seed)
    trials = _trials(people, choosing)
    spread = fit_spread(list(trials.values()))
    small_spread = fit_spread(_small(list(trials.values())))
    large = [people for people in (1000, 1400) if people < len(choosing)]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("onnxruntime", "numpy", "scipy")},
        "model": model,
        "people": {"choosing": len(choosing), "reporting": len(reporting)},
        "spread": {name: round(value, 4) for name, value in asdict(spread).items()},
        "fit": [
            {"people": size, "photos": photos, "fpir": false_names(trial, spread)}
            for (size, photos), trial in trials.items()
        ],
        "measured": [
            _rates(
                try_galleries(
                    people,
                    reporting,
                    size=size,
                    photos=photos,
                    draws=draws,
                    seed=_SEED + photos,
                    most_strangers=_STRANGERS,
                ),
                spread,
                photos,
            )
            for size, draws in _REPORTED
            for photos in _PHOTOS
        ],
        "extrapolated": {
            "fitted_to": _EXTRAPOLATED_FROM,
            "spread": {name: round(value, 4) for name, value in asdict(small_spread).items()},
            "fpir": {
                str(size): false_names(
                    try_galleries(people, reporting, size=size, photos=1, draws=20, seed=_SEED),
                    small_spread,
                )
                for size in large
            },
        },
        "crossed": _crossed(people, choosing, reporting, spread, small_spread),
    }


def _trials(people: People, candidates: Rows) -> dict[tuple[int, int], Trial]:
    return {
        (size, photos): try_galleries(
            people,
            candidates,
            size=size,
            photos=photos,
            draws=draws,
            seed=_SEED,
            most_strangers=_STRANGERS if size > 5 else 60 if size > 1 else 40,
        )
        for size, photos, draws in _FITTED
        if size < len(candidates)
    }


def fit_spread(trials: Sequence[Trial]) -> Spread:
    """Return the spread with which trials name strangers at the rates that it promises."""
    targets = np.log(-np.log1p(-_FIT_RATES))
    aimed_at = _FIT_RATES * _CAUTION

    def misses(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = _spread(numbers)
        return np.concatenate(
            [
                (np.log(_at_rates(trial, spread, aimed_at)) - targets) * _FIT_WEIGHTS
                for trial in trials
            ]
        )

    return _spread(least_squares(misses, _START, diff_step=1e-3, x_scale=_SCALES).x)


def _spread(numbers: NDArray[np.float64]) -> Spread:
    mean, deviation, more_faces, narrowing = numbers.tolist()
    return Spread(mean=mean, deviation=deviation, more_faces=more_faces, narrowing=narrowing)


def _at_rates(trial: Trial, spread: Spread, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a decision expects for those shares of strangers who are most like someone."""
    places = spread.place(trial.strangers.seen, people=trial.people).min(axis=1)
    return spread.expected_at(np.quantile(places, rates), people=trial.people)


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


def _crossed(
    people: People, choosing: Rows, reporting: Rows, spread: Spread, small_spread: Spread
) -> dict[str, Any]:
    """Measure galleries so large that most of their people were needed for the fit.

    Strangers and the people who are searched for were not; then the halves change places.
    """
    size, draws = _CROSSED
    if size >= len(people):
        return {}
    others = list(_trials(people, reporting).values())
    ways = (
        (choosing, reporting, spread, small_spread),
        (reporting, choosing, fit_spread(others), fit_spread(_small(others))),
    )
    tried = [
        try_galleries(people, drawn, size=size, photos=1, draws=draws, seed=_SEED, always=fixed)
        for fixed, drawn, *_ in ways
    ]
    return {
        "people": size,
        "halves": [
            _rates(trial, fitted, 1) for trial, (_, _, fitted, _) in zip(tried, ways, strict=True)
        ],
        "extrapolated": [
            false_names(trial, fitted) for trial, (_, _, _, fitted) in zip(tried, ways, strict=True)
        ],
    }


def _small(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.people <= _EXTRAPOLATED_FROM]


if __name__ == "__main__":
    main()
