from dataclasses import replace
from statistics import NormalDist
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from core.faces.crowd import Crowd
from core.faces.decision import (
    CANDIDATES,
    Calibration,
    Candidate,
    calibration_of,
    decide,
    false_name_rate,
    least_similarity,
    template_of,
)
from core.faces.recognition.embedding import (
    DLIB_RESNET,
    DLIB_RESNET_INT8_MIRRORED,
    DLIB_RESNET_MIRRORED,
)
from core.faces.results import Model

_OTHER: Final = Model(name="a-network", version="1")
_BALANCED: Final = replace(calibration_of(DLIB_RESNET_INT8_MIRRORED), crowd=None)
"""No crowd: these embeddings are made up, and are nobody's."""

_LENGTH: Final = 128
_FACE: Final = np.zeros(_LENGTH, np.float32)


def _candidates(*distances: float, faces: int = 1) -> list[Candidate]:
    """Return people at distances from a face at the origin, far from each other."""
    chance = np.random.default_rng(1)
    directions = chance.normal(size=(len(distances), _LENGTH)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return [
        Candidate(distance=distance, faces=faces, template=distance * direction)
        for distance, direction in zip(distances, directions, strict=True)
    ]


def _best(
    *distances: float, people: int, faces: int = 1, calibration: Calibration = _BALANCED
) -> float:
    near = [Candidate(distance=distance, faces=faces) for distance in distances]
    return decide(_FACE, near, people=people, calibration=calibration).similarities[0]


def _crowd(*, linear: float = 0.0, constant: float = 0.0) -> Crowd:
    """Return a crowd that looks at the first number of an embedding."""
    return Crowd(
        centre=np.zeros(_LENGTH),
        components=np.eye(1, _LENGTH),
        linear=np.array([linear]),
        square=np.zeros((1, 1)),
        constant=constant,
        least=-1,
        most=1,
    )


def _strangers(people: int) -> list[float]:
    """Return the usual distances of the nearest of so many strangers."""
    spread = _BALANCED.spread
    assert spread is not None
    usual = NormalDist(spread.mean, spread.deviation)
    places = range(1, min(people, CANDIDATES) + 1)
    return [usual.inv_cdf((place - 0.375) / (people + 0.25)) for place in places]


def test_every_model_of_this_service_has_a_calibration() -> None:
    for model in (DLIB_RESNET, DLIB_RESNET_MIRRORED, DLIB_RESNET_INT8_MIRRORED):
        assert calibration_of(model).spread is not None


def test_default_model_has_a_learned_crowd() -> None:
    assert calibration_of(DLIB_RESNET_INT8_MIRRORED).crowd is not None


def test_80_is_the_largest_distance_where_one_is_set() -> None:
    calibration = calibration_of(DLIB_RESNET, max_distance=0.4)

    assert _best(0.4, 0.41, 0.42, people=1000, calibration=calibration) == 80


def test_80_is_the_own_distance_of_a_model_without_a_calibration() -> None:
    calibration = calibration_of(_OTHER, own_distance=1.1)

    assert _best(1.1, people=1, calibration=calibration) == 80


def test_model_of_which_nothing_is_known_counts_as_one_person_up_to_052() -> None:
    assert _best(0.52, people=1, calibration=calibration_of(_OTHER)) == 80


def test_nobody_is_alike_where_only_distances_are_known() -> None:
    twice = [_candidates(0.3)[0]] * 2

    assert decide(_FACE, twice, people=2, calibration=calibration_of(_OTHER)).alike == ()


def test_no_candidates_have_no_similarities() -> None:
    assert decide(_FACE, [], people=0, calibration=_BALANCED).similarities == ()


@pytest.mark.parametrize("people", [1, 2, 5, 100, 100_000])
def test_similarity_falls_with_the_distance(people: int) -> None:
    others = _strangers(people)[1:]

    found = [_best(distance, *others, people=people) for distance in (0, 0.2, 0.3, 0.4, 0.5, 0.6)]

    assert found == sorted(found, reverse=True)
    assert len(set(found)) > 3
    assert found[0] > 95


@pytest.mark.parametrize("people", [1, 2, 5, 10, 100, 1000, 100_000])
def test_usual_stranger_is_not_named_in_any_gallery(people: int) -> None:
    assert 20 < _best(*_strangers(people), people=people) < 80


def test_larger_gallery_wants_a_nearer_face() -> None:
    found = [_best(0.45, *_strangers(n)[1:], people=n) for n in (10, 100, 1000, 10_000)]

    assert found == sorted(found, reverse=True)
    assert found[0] > 80 > found[-1]


def test_face_that_is_near_many_people_is_less_like_each() -> None:
    crowded = _best(0.45, 0.5, 0.51, 0.52, people=1000)
    alone = _best(0.45, 0.6, 0.61, 0.62, people=1000)

    assert crowded < alone


def test_template_of_more_faces_must_be_nearer_in_a_gallery_of_such() -> None:
    others = _strangers(100)[1:]

    assert _best(0.45, *others, people=100, faces=4) < _best(0.45, *others, people=100)


@pytest.mark.parametrize("people", [1, 10, 1000])
def test_face_or_person_whom_strangers_are_near_by_their_embedding_is_less_alike(
    people: int,
) -> None:
    usual, crowded = np.zeros((2, _LENGTH), np.float32)
    crowded[0] = -1
    calibration = replace(_BALANCED, crowd=_crowd(linear=0.05))

    def similarity(face: NDArray[np.float32], template: NDArray[np.float32]) -> float:
        one = Candidate(distance=0.5, faces=1, template=template)
        return decide(face, [one], people=people, calibration=calibration).similarities[0]

    plain = _best(0.5, people=people)
    assert similarity(usual, usual) == plain
    assert similarity(crowded, usual) == pytest.approx(_best(0.525, people=people))
    assert similarity(usual, crowded) == pytest.approx(_best(0.525, people=people))
    assert similarity(crowded, crowded) == pytest.approx(_best(0.55, people=people))
    assert similarity(-crowded, usual) > plain


def test_person_without_a_template_counts_as_crowded_as_the_face() -> None:
    crowded = np.zeros(_LENGTH, np.float32)
    crowded[0] = -1
    calibration = replace(_BALANCED, crowd=_crowd(linear=0.05))

    found = decide(crowded, [Candidate(distance=0.5, faces=1)], people=10, calibration=calibration)

    assert found.similarities[0] == pytest.approx(_best(0.55, people=10))


def test_second_names_are_told_by_how_crowded_both_are() -> None:
    one, other, *others = _candidates(0.3, 0.5, *_strangers(100)[1:])
    assert one.template is not None
    assert other.template is not None
    apart = float(np.linalg.norm(one.template - other.template))
    sparse = replace(_BALANCED, crowd=_crowd(constant=apart - 0.4))

    plain = decide(_FACE, [one, other, *others], people=100, calibration=_BALANCED)
    evened = decide(_FACE, [one, other, *others], people=100, calibration=sparse)

    assert plain.alike == ()
    assert 1 in evened.alike


@pytest.mark.parametrize("second", [0.30, 0.36, 0.41])
def test_person_under_two_names_is_named_as_surely_as_under_one(second: float) -> None:
    others = _strangers(1000)[1:]
    once = _best(0.3, *others, people=1000)

    twice = _best(0.3, second, *others, people=1000)

    assert twice == pytest.approx(once, abs=1)


def test_names_with_templates_near_each_other_are_told_as_alike() -> None:
    one, far, *others = _candidates(0.3, *_strangers(1000)[1:])
    assert one.template is not None
    twin = Candidate(distance=0.32, faces=1, template=one.template + np.float32(0.01))

    found = decide(_FACE, [one, twin, far, *others], people=1000, calibration=_BALANCED)

    assert found.alike == (1,)
    assert found.similarities[0] > 80


def test_usual_strangers_are_not_told_as_alike() -> None:
    found = decide(_FACE, _candidates(*_strangers(1000)), people=1000, calibration=_BALANCED)

    assert found.alike == ()


def test_sibling_in_the_gallery_does_not_make_a_person_unknown() -> None:
    others = _strangers(100)[1:]

    assert _best(0.36, 0.45, *others, people=100) > 80


def test_gallery_of_one_person_names_by_the_distance_alone() -> None:
    assert _best(0.55, people=1) > 80 > _best(0.65, people=1)


def test_decision_with_fewer_candidates_than_people_is_made_by_distance() -> None:
    assert _best(0.4, people=1000) > 80 > _best(0.5, people=1000)


def test_decision_without_templates_has_the_same_best_person() -> None:
    known = _candidates(*_strangers(100))
    bare = [Candidate(distance=each.distance, faces=each.faces) for each in known]

    with_them = decide(_FACE, known, people=100, calibration=_BALANCED).similarities
    without = decide(_FACE, bare, people=100, calibration=_BALANCED)

    assert np.argmax(without.similarities) == np.argmax(with_them)
    assert without.alike == ()


def test_order_of_equally_near_people_does_not_matter() -> None:
    one, *others = _candidates(0.4, 0.6, 0.61, 0.62)

    found = decide(_FACE, [one, one, *others], people=50, calibration=_BALANCED)

    assert found.similarities[0] == found.similarities[1]


def test_template_is_the_mean_of_a_persons_faces() -> None:
    faces = np.array([[1, 0], [0, 1]], np.float32)

    assert template_of(faces).tolist() == [0.5, 0.5]


def test_template_leaves_out_a_face_far_from_most_others() -> None:
    chance = np.random.default_rng(2)
    same = chance.normal(0, 0.02, (4, _LENGTH)) + np.eye(_LENGTH)[0]
    faces = np.vstack([same, np.eye(_LENGTH)[1]]).astype(np.float32)

    assert template_of(faces) == pytest.approx(same.mean(axis=0), abs=1e-6)


def test_template_of_a_person_with_two_looks_has_both() -> None:
    faces = np.repeat(np.eye(2, dtype=np.float32), 2, axis=0)

    assert template_of(faces).tolist() == [0.5, 0.5]


def test_template_of_copies_of_one_photo_and_near_faces_has_all() -> None:
    faces = np.array([[1, 0, 0]] * 3 + [[1, 0.3, 0], [1, 0, 0.3]], np.float32)

    assert template_of(faces).tolist() == pytest.approx([1, 0.06, 0.06])


def test_template_does_not_depend_on_the_order_of_faces() -> None:
    faces = np.random.default_rng(3).normal(size=(7, _LENGTH)).astype(np.float32)

    assert template_of(faces[::-1]) == pytest.approx(template_of(faces), abs=1e-6)


def test_default_rate_is_a_similarity_of_80() -> None:
    assert least_similarity(0.01) == 80


@pytest.mark.parametrize(("rate", "least"), [(0.001, 85), (0.0001, 90), (0.1, 59.5), (0.5, 43.2)])
def test_five_points_up_or_twenty_down_are_a_power_of_ten(rate: float, least: float) -> None:
    assert least_similarity(rate) == pytest.approx(least, abs=0.1)


@pytest.mark.parametrize("rate", [1e-6, 0.001, 0.01, 0.1, 0.5])
def test_similarity_tells_its_rate(rate: float) -> None:
    assert false_name_rate(least_similarity(rate)) == pytest.approx(rate)


def test_similarity_of_100_names_no_stranger() -> None:
    assert false_name_rate(100) < 1e-15
