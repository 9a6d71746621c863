import copy
from typing import Any

import pytest

from benchmarks.common.goals import Artifacts, Goal, goals

_SIZES = ("16-20", "20-40", "40-60", "60-80", "80+")


def _found(*counts: int) -> dict[str, Any]:
    return {"found": {size: [count, 99] for size, count in zip(_SIZES, counts, strict=True)}}


_ENGINE: dict[str, Any] = {
    "throughput": {
        "balanced": {"ms_per_photo": 10.0, "networks_ms_per_photo": 8.0},
        "balanced without YuNet": {"ms_per_photo": 30.0, "networks_ms_per_photo": 28.0},
        "face_recognition hog": {"ms_per_photo": 125.0},
        "DeepFace": {"ms_per_photo": 300.0},
    },
    "cnn": {
        "throughput": {
            "balanced": {"ms_per_photo": 10.0},
            "face_recognition cnn": {"ms_per_photo": 2000.0},
        }
    },
    "recall": {
        "balanced": _found(9, 50, 9, 9, 9),
        "balanced without YuNet": _found(0, 5, 8, 8, 8),
        "face_recognition hog": _found(0, 10, 7, 7, 7),
    },
    "no_face": {"balanced": {"dlib_dogs.jpg": 1}, "face_recognition hog": {"tree.jpg": 1}},
    "memory": {"warm_mb": 150.0, "photos": 5000, "growth_mb": 0.5},
    "start_s": {"balanced": 0.8},
}
_ACCURACY: dict[str, Any] = {
    "profiles": {
        "balanced": {
            "photos": 100,
            "photos_without_face": 0,
            "pairs": {"test_accuracy": 0.991, "test_pairs": 999},
        }
    },
    "comparisons": {"dlib": {"pairs": 990, "wrong": 9, "other_wrong": 9}},
}


def _artifacts() -> Artifacts:
    return Artifacts(
        engine=copy.deepcopy(_ENGINE),
        cnn_recall=_found(0, 10, 9, 9, 9) | {"photos_left": 0},
        accuracy=copy.deepcopy(_ACCURACY),
    )


def _goal(artifacts: Artifacts, part_of_name: str) -> Goal:
    (goal,) = [goal for goal in goals(artifacts) if part_of_name in goal.name]
    return goal


def test_every_goal_is_met_by_artifacts_that_are_good_enough() -> None:
    assert [goal.name for goal in goals(_artifacts()) if not goal.met] == []


@pytest.mark.parametrize(
    ("place", "value", "goal"),
    [
        (("throughput", "face_recognition hog", "ms_per_photo"), 119.0, "12 ×"),
        (("cnn", "throughput", "face_recognition cnn", "ms_per_photo"), 999.0, "100 ×"),
        (("throughput", "DeepFace", "ms_per_photo"), 149.0, "15 ×"),
        (("throughput", "balanced without YuNet", "ms_per_photo"), 50.0, "3 ×"),
        (("throughput", "balanced", "networks_ms_per_photo"), 7.0, "1.4 ×"),
        (("recall", "face_recognition hog", "found", "80+"), [10, 99], "its default, in every"),
        (("recall", "balanced", "found", "20-40"), [49, 99], "5 × as many"),
        (("recall", "balanced", "found", "80+"), [8, 99], "its CNN"),
        (("recall", "balanced without YuNet", "found", "40-60"), [7, 99], "without YuNet"),
        (("no_face", "balanced", "tree.jpg"), 1, "no face"),
        (("memory", "warm_mb"), 161.0, "160 MB"),
        (("memory", "growth_mb"), 5.1, "growth"),
        (("start_s", "balanced"), 2.6, "start"),
    ],
)
def test_goal_is_missed_when_its_value_is_beyond_it(
    place: tuple[str, ...], value: object, goal: str
) -> None:
    artifacts = _artifacts()
    *way, last = place
    part = artifacts.engine
    for step in way:
        part = part[step]
    part[last] = value

    missed = [missed.name for missed in goals(artifacts) if not missed.met]

    assert any(goal in name for name in missed)


def test_accuracy_below_99_percent_is_missed() -> None:
    artifacts = _artifacts()
    artifacts.accuracy["profiles"]["balanced"]["pairs"]["test_accuracy"] = 0.9899

    assert _goal(artifacts, "99.0 %").met is False


def test_more_wrong_pairs_than_dlib_is_missed() -> None:
    artifacts = _artifacts()
    artifacts.accuracy["comparisons"]["dlib"]["wrong"] = 10

    assert _goal(artifacts, "dlib's own path").met is False


def test_photo_without_a_found_face_is_missed() -> None:
    artifacts = _artifacts()
    artifacts.accuracy["profiles"]["balanced"]["photos_without_face"] = 1

    assert _goal(artifacts, "every photo").met is False


def test_goal_without_its_artifact_is_not_shown() -> None:
    artifacts = _artifacts()
    del artifacts.engine["cnn"], artifacts.engine["throughput"]["DeepFace"]
    artifacts.cnn_recall["photos_left"] = 1
    artifacts.engine["memory"]["photos"] = 2000
    artifacts.accuracy["comparisons"].clear()

    not_shown = [goal.name for goal in goals(artifacts) if goal.met is None]

    assert len(not_shown) == 5
