"""Faces of one person come into one group, whenever they are added."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from core.faces import grouping
from core.faces.grouping import inherited, regrouped

NEAR = 0.5


def faces_of(*people: int, spread: float = 0.02, seed: int = 1) -> NDArray[np.float32]:
    """Return faces of these people, who are far apart."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, 32))
    return (centres[list(people)] + random.normal(size=(len(people), 32)) * spread).astype(
        np.float32
    )


def as_sets(groups: list[list[int]]) -> set[frozenset[int]]:
    return {frozenset(rows) for rows in groups}


def test_faces_of_one_person_are_one_group() -> None:
    groups = regrouped(faces_of(0, 1, 0, 2, 1), [None] * 5, near=NEAR)

    assert as_sets(groups) == {frozenset({0, 2}), frozenset({1, 4}), frozenset({3})}


def test_nothing_has_no_groups() -> None:
    assert regrouped(np.empty((0, 32), dtype=np.float32), [], near=NEAR) == []


def test_groups_are_those_of_average_linkage() -> None:
    random = np.random.default_rng(3)
    faces = random.normal(size=(200, 3)).astype(np.float32)

    groups = regrouped(faces, [None] * 200, near=NEAR)

    labels = fcluster(linkage(faces, "average"), NEAR, "distance")
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}
    assert as_sets(groups) == expected


def test_face_like_two_people_does_not_join_them() -> None:
    one, other = np.zeros(4, np.float32), np.array([0.8, 0, 0, 0], np.float32)
    faces = np.stack([one, one, one, other, other, other, (one + other) / 2])

    groups = regrouped(faces, [None] * 7, near=NEAR)

    assert {frozenset({0, 1, 2}), frozenset({3, 4, 5})} & as_sets(groups)
    assert not any({0, 3} <= set(rows) for rows in groups)


def test_face_of_a_known_group_joins_it() -> None:
    groups = regrouped(faces_of(0, 0, 1, 0), ["zero", "zero", "one", None], near=NEAR)

    assert as_sets(groups) == {frozenset({0, 1, 3}), frozenset({2})}


def test_groups_that_no_new_face_is_near_stay_as_they_are() -> None:
    faces = faces_of(0, 0, 1, 1, 2)

    groups = regrouped(faces, ["a", "b", "c", "d", None], near=NEAR)

    assert as_sets(groups) == {frozenset({n}) for n in range(5)}


def test_new_faces_join_groups_that_were_parted() -> None:
    faces = faces_of(0, 0, 0, 0)

    groups = regrouped(faces, ["a", "b", None, None], near=NEAR)

    assert as_sets(groups) == {frozenset({0, 1, 2, 3})}


def test_more_faces_than_can_be_linked_are_cut_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "_MOST_LINKED", 10)
    faces = faces_of(*[0] * 30, *[1] * 30)

    groups = regrouped(faces, [None] * 60, near=NEAR)

    assert as_sets(groups) == {frozenset(range(30)), frozenset(range(30, 60))}


def test_group_goes_on_the_former_one_with_most_of_its_faces() -> None:
    groups = [[0, 1, 2, 5], [3, 4], [6]]
    former = ["a", "a", "b", "a", "b", None, None]

    assert inherited(groups, former) == ["a", "b", None]


def test_former_group_is_gone_on_once() -> None:
    assert inherited([[0, 1], [2]], ["a", "a", "a"]) == ["a", None]
