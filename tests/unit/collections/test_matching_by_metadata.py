"""Searches for some of the people only: those whose metadata say something."""

from collections.abc import Mapping

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.searching import build_matching
from core.collections.matches import By, FaceMatch, PersonMatch
from core.collections.matching import Matching
from core.ports import EnrolledFace
from core.settings import Settings
from tests.support.faces import RecognizerByPhoto, enrol, enrolled, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

PHOTO = b"a photo"
SETTINGS = Settings(_env_file=None, match_max_distance=0.5)
RED = {"team": "red"}
BY: tuple[By, ...] = ("person", "face")


@pytest.fixture
def shared() -> Shared:
    shared = MemoryInfrastructure(settings=SETTINGS).shared()
    shared.collections.create("family")
    return shared


def enrol_as(shared: Shared, *faces: EnrolledFace, **metadata: Mapping[str, str]) -> None:
    """Enrol faces, and note the metadata of people."""
    enrol(shared, *faces)
    for person, said in metadata.items():
        shared.consents.set_metadata("family", person, said)


def matching_of(shared: Shared, *positions: float) -> Matching:
    shown = recognition(*(face(position) for position in positions or (0.0,)))
    return build_matching(shared, RecognizerByPhoto(shown={PHOTO: shown}).recognise)


def found(
    matching: Matching,
    metadata: Mapping[str, str],
    *,
    by: By = "person",
    max_matches: int = 10,
    threshold: float = 0,
) -> list[list[str]]:
    """Return the ids of the faces that match each face of the photo."""
    answer = matching.match(
        PHOTO,
        "family",
        threshold=threshold,
        max_matches=max_matches,
        all_faces=True,
        by=by,
        metadata=metadata,
    )
    return [ids(searched.matches) for searched in answer.faces]


def ids(matches: list[PersonMatch] | list[FaceMatch]) -> list[str]:
    return [match.face_id for match in matches]


@pytest.mark.parametrize("by", BY)
def test_only_people_whose_metadata_have_all_of_it_are_matches(shared: Shared, by: By) -> None:
    enrol_as(
        shared,
        *(enrolled(name, 0.01 * n, name) for n, name in enumerate(("Ada", "Bob", "Eve", "Kim"))),
        Ada={"team": "blue"},
        Bob={"team": "red", "floor": "2"},
        Eve={"team": "red"},
    )
    matching = matching_of(shared)

    assert found(matching, RED, by=by) == [["Bob", "Eve"]]
    assert found(matching, {"team": "red", "floor": "2"}, by=by) == [["Bob"]]
    assert found(matching, {"team": "green"}, by=by) == [[]]
    assert found(matching, {}, by=by) == [["Ada", "Bob", "Eve", "Kim"]]


@pytest.mark.parametrize("by", BY)
def test_person_is_found_behind_hundreds_of_others(shared: Shared, by: By) -> None:
    others = (enrolled(f"person {n}", 0.0001 * n) for n in range(300))
    enrol_as(shared, *others, enrolled("Eve", 0.4, "Eve"), Eve=RED)

    assert found(matching_of(shared), RED, by=by, max_matches=1) == [["Eve"]]


@pytest.mark.parametrize("by", BY)
def test_nobody_under_the_threshold_is_a_match(shared: Shared, by: By) -> None:
    enrol_as(shared, enrolled("Ada", 0.0), enrolled("Eve", 0.6, "Eve"), Eve=RED)

    assert found(matching_of(shared), RED, by=by, threshold=80) == [[]]


def test_faces_without_a_name_are_nobodys(shared: Shared) -> None:
    enrol_as(shared, enrolled(None, 0.0, "nobody"), enrolled("Eve", 0.2, "Eve"), Eve=RED)

    assert found(matching_of(shared), RED, by="face") == [["Eve"]]


def test_face_of_one_person_is_not_another_because_that_one_is_left_out(shared: Shared) -> None:
    people = enrolled("Ada", 0.0, "Ada"), enrolled("Eve", 0.2, "Eve")
    enrol_as(shared, *people, Ada={"team": "blue"}, Eve=RED)

    assert found(matching_of(shared, 0.0, 0.25), RED, threshold=80) == [[], ["Eve"]]


def test_search_by_an_enrolled_face_is_for_some_people_too(shared: Shared) -> None:
    people = [enrolled(name, 0.01 * n, name) for n, name in enumerate(("Ada", "Bob", "Eve"))]
    enrol_as(shared, *people, Ada=RED, Bob={"team": "blue"}, Eve=RED)

    answer = matching_of(shared).search_face(
        "family", "Ada", threshold=None, max_matches=5, metadata=RED
    )

    assert ids(answer.matches) == ["Eve"]


def test_metadata_go_with_a_renamed_person(shared: Shared) -> None:
    enrol_as(shared, enrolled("Eve", 0.0, "Eve"), Eve=RED)

    shared.people.rename("family", "Eve", "Eva")

    assert found(matching_of(shared), RED) == [["Eve"]]
