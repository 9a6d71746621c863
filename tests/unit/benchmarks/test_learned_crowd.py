from typing import Final

import numpy as np
import pytest

from benchmarks.accuracy.learned_crowd import learned_crowd, taught_by_others
from core.faces.accuracy.trials import People
from core.faces.crowd import Crowd

_LENGTH: Final = 40


def _people(count: int, *, seed: int) -> People:
    """Make up people who have two photos; the larger their first number, the fewer are near."""
    chance = np.random.default_rng(seed)
    middles = chance.normal(0, 0.1, (count, 1, _LENGTH))
    middles[:, :, 0] = chance.exponential(0.4, (count, 1))
    faces = middles + chance.normal(0, 0.01, (count, 2, _LENGTH))
    names = np.repeat([f"person {n:04d}" for n in range(count)], 2)
    return People.of(faces.reshape(-1, _LENGTH).astype(np.float32), names)


def _mean_of_ten_nearest(people: People) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    faces = people.embeddings[::2].astype(np.float64)
    distances = np.linalg.norm(faces[:, None] - faces, axis=2)
    mean: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sort(distances)[:, 1:11].mean(axis=1)
    return mean


def test_crowd_tells_how_near_strangers_are_to_people_whom_it_never_saw() -> None:
    crowd = Crowd.read(learned_crowd(_people(600, seed=1), np.arange(600)))
    others = _people(600, seed=2)

    told = crowd.of(others.embeddings[::2])

    assert np.corrcoef(told, _mean_of_ten_nearest(others))[0, 1] > 0.7


def test_usual_face_has_a_crowd_of_about_none() -> None:
    people = _people(600, seed=1)

    told = Crowd.read(learned_crowd(people, np.arange(600))).of(people.embeddings)

    assert np.mean(told) == pytest.approx(0, abs=0.005)


def test_nobody_teaches_what_is_told_of_themselves() -> None:
    people = _people(100, seed=1)
    strange = People(embeddings=people.embeddings.copy(), rows=people.rows)
    strange.embeddings[people.rows[7]] += 3
    face = people.embeddings[:1]

    before, after = (taught_by_others(each, np.arange(100)) for each in (people, strange))

    own, others = np.array([7]), np.arange(100)
    assert after(face, own) == before(face, own)
    told_before = before(np.repeat(face, 100, axis=0), others)
    assert np.mean(after(np.repeat(face, 100, axis=0), others) != told_before) > 0.7


def test_crowd_is_learned_from_the_chosen_people_alone() -> None:
    people = _people(100, seed=1)
    other = People(embeddings=people.embeddings.copy(), rows=people.rows)
    other.embeddings[people.rows[99]] += 3

    assert learned_crowd(people, np.arange(90)) == learned_crowd(other, np.arange(90))
