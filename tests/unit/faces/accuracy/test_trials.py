from typing import Final

import numpy as np
import pytest

from core.faces.accuracy.trials import People, same_for_all, try_galleries
from core.faces.decision import Candidate, calibration_of, decide, similarities_of, template_of
from core.faces.recognition.embedding import DLIB_RESNET_INT8_MIRRORED

_LENGTH: Final = 128


def _people(count: int, photos: int, *, apart: float = 0.6) -> People:
    """Make up embeddings that are near each other for one person."""
    chance = np.random.default_rng(1)
    middles = chance.normal(0, apart / np.sqrt(2 * _LENGTH), (count, 1, _LENGTH))
    faces = middles + chance.normal(0, 0.02, (count, photos, _LENGTH))
    names = np.repeat([f"person {n:03d}" for n in range(count)], photos)
    return People.of(faces.reshape(-1, _LENGTH).astype(np.float32), names)


def test_people_have_the_rows_of_their_names() -> None:
    people = People.of(np.zeros((4, 2), np.float32), np.array(["b", "a", "b", "c"]))

    assert [rows.tolist() for rows in people.rows] == [[1], [0, 2], [3]]


def test_strangers_are_all_photos_of_those_who_are_not_drawn() -> None:
    trial = try_galleries(_people(10, 3), np.arange(10), size=4, photos=1, draws=5, seed=1)

    assert len(trial.strangers.face) == 5 * 6 * 3
    assert not trial.strangers.right.any()


def test_known_people_are_searched_by_photos_that_are_not_enrolled() -> None:
    trial = try_galleries(_people(10, 3), np.arange(10), size=4, photos=2, draws=5, seed=1)

    assert len(trial.known.face) == 5 * 4
    assert trial.known.right[:, 0].all()
    assert trial.known.face_right.all()
    assert trial.known.face.min() > 0.1


def test_people_who_are_always_enrolled_are_not_searched_for() -> None:
    trial = try_galleries(
        _people(10, 3), np.arange(5), size=7, photos=1, draws=2, seed=1, always=np.arange(5, 10)
    )

    assert len(trial.known.face) == 2 * 2 * 2
    assert len(trial.strangers.face) == 2 * 3 * 3


def test_no_more_strangers_are_searched_for_than_asked() -> None:
    trial = try_galleries(
        _people(10, 3), np.arange(10), size=4, photos=1, draws=2, seed=1, most_strangers=5
    )

    assert len(trial.strangers.face) == 10


def test_gallery_of_one_person_is_tried() -> None:
    trial = try_galleries(_people(4, 2), np.arange(4), size=1, photos=1, draws=1, seed=1)

    assert trial.strangers.seen.distance.shape == (6, 1)


def test_what_is_seen_in_a_trial_is_decided_as_the_service_decides() -> None:
    people = _people(30, 4)
    calibration = calibration_of(DLIB_RESNET_INT8_MIRRORED)
    assert calibration.spread is not None

    trial = try_galleries(
        people,
        np.arange(30),
        size=30,
        photos=3,
        draws=1,
        seed=1,
        crowd_of=same_for_all(calibration.crowd),
    )

    expected = calibration.spread.expected(trial.known.seen, people=30)
    order = np.random.default_rng(1)
    drawn = order.choice(np.arange(30), 30, replace=False)
    enrolled = [order.permutation(people.rows[person]) for person in drawn.tolist()]
    templates = [template_of(people.embeddings[rows[:3]]) for rows in enrolled]
    probe = people.embeddings[enrolled[0][3]]
    near = sorted(
        (
            Candidate(distance=float(np.linalg.norm(probe - each)), faces=3, template=each)
            for each in templates
        ),
        key=lambda candidate: candidate.distance,
    )
    decided = decide(probe, near[:12], people=30, calibration=calibration)
    by_trial = np.argsort(expected[0], kind="stable")
    by_service = np.argsort([-each for each in decided.similarities], kind="stable")
    assert by_trial.tolist() == by_service.tolist()
    assert decided.similarities == pytest.approx(
        similarities_of(trial.known.seen, people=30, calibration=calibration)[0], abs=0.01
    )
