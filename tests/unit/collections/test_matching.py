"""Answers at once: matches, comparisons, detections."""

from collections.abc import Sequence

import pytest

from core.bootstrap.use_cases.searching import build_matching
from core.collections.matches import By, FaceMatch, PersonMatch
from core.collections.matching import Matching
from core.errors import CollectionNotFound, FaceNotFound, ModelMismatch, NoFaceFound, PersonNotFound
from core.faces.results import Recognition
from core.faces.similarity import similarity
from core.ports import EnrolledFace
from core.settings import Settings
from core.testing import MemoryFaceIndex
from tests.support.faces import (
    OTHER_MODEL,
    RecognizerByPhoto,
    enrol,
    enrolled,
    face,
    recognition,
)
from tests.support.infrastructure import MemoryInfrastructure

PHOTO, OTHER, NOBODY = b"a photo", b"another photo", b"nobody's photo"
SETTINGS = Settings(_env_file=None, match_max_distance=0.5, min_match_quality=20)


def matching_of(
    *faces: EnrolledFace,
    shown: Recognition | None = None,
    other: Recognition | None = None,
    index: MemoryFaceIndex | None = None,
) -> Matching:
    shared = MemoryInfrastructure(settings=SETTINGS, index=index or MemoryFaceIndex()).shared()
    shared.collections.create("family")
    if faces:
        enrol(shared, *faces)
    recognizer = RecognizerByPhoto(
        shown={PHOTO: shown or recognition(face(0)), OTHER: other or recognition(face(0.3))}
    )
    return build_matching(shared, recognizer.recognise)


def found_by(
    matching: Matching,
    *,
    threshold: float | None = None,
    max_matches: int = 10,
    by: By = "face",
) -> Sequence[FaceMatch | PersonMatch]:
    answer = matching.match(
        PHOTO, "family", threshold=threshold, max_matches=max_matches, all_faces=False, by=by
    )
    return answer.faces[0].matches


def ids(matches: Sequence[FaceMatch | PersonMatch]) -> list[str]:
    return [match.face_id for match in matches]


def test_matches_come_nearest_first_and_fully_described() -> None:
    matches = found_by(matching_of(enrolled("Bob", 0.5, "b"), enrolled("Ada", 0.0, "a")))

    assert ids(matches) == ["a", "b"]
    assert matches[0] == FaceMatch(
        face_id="a",
        person="Ada",
        image_id="photo.jpg",
        similarity=100,
        distance=0,
        metadata={"album": "summer"},
    )


def test_face_at_the_threshold_matches_and_beyond_it_does_not() -> None:
    matches = found_by(matching_of(enrolled("Ada", 0.5, "a"), enrolled("Bob", 0.51, "b")))

    assert ids(matches) == ["a"]
    assert matches[0].similarity == 80


def test_asked_threshold_replaces_the_collections() -> None:
    matching = matching_of(enrolled("Ada", 0.3, "a"), enrolled("Bob", 0.49, "b"))

    assert ids(found_by(matching, threshold=0)) == ["a", "b"]
    assert ids(found_by(matching, threshold=95)) == ["a"]
    assert ids(found_by(matching, threshold=100)) == []


def test_no_more_matches_than_asked_for() -> None:
    matching = matching_of(*(enrolled("Ada", 0.01 * n, f"face {n}") for n in range(5)))

    assert ids(found_by(matching, max_matches=2)) == ["face 0", "face 1"]


def test_face_said_not_to_be_somebody_speaks_against_farther_faces_of_theirs() -> None:
    twin = enrolled(None, 0.0, "twin", rejected=frozenset({"Ada"}))

    assert ids(found_by(matching_of(twin, enrolled("Ada", 0.1, "a")))) == ["twin"]


def test_rejected_faces_do_not_use_up_the_places_of_others() -> None:
    twin = enrolled(None, 0.0, "twin", rejected=frozenset({"Ada"}))
    adas = [enrolled("Ada", 0.1 + 0.001 * n, f"ada {n}") for n in range(15)]

    matching = matching_of(twin, *adas, enrolled("Bob", 0.4, "b"))

    assert ids(found_by(matching, max_matches=2)) == ["twin", "b"]


def test_face_erased_since_the_search_falls_out() -> None:
    class ErasedAfterSearch(MemoryFaceIndex):
        def get(self, gallery_id: str, face_ids: object) -> list[EnrolledFace]:
            return []

    matching = matching_of(enrolled("Ada", 0), index=ErasedAfterSearch())

    assert found_by(matching) == []


def test_by_default_only_the_largest_face_is_searched_and_the_others_counted() -> None:
    matching = matching_of(enrolled("Ada", 0), shown=recognition(face(0), face(1), face(2)))

    answer = matching.match(PHOTO, "family", threshold=None, max_matches=1, all_faces=False)

    assert len(answer.faces) == 1
    assert answer.ignored_faces == 2


def test_all_faces_are_searched_when_asked() -> None:
    people = enrolled("Ada", 0), enrolled("Bob", 2)
    matching = matching_of(*people, shown=recognition(face(2), face(5), face(0)))

    answer = matching.match(PHOTO, "family", threshold=None, max_matches=1, all_faces=True)

    names = [[match.person for match in searched.matches] for searched in answer.faces]
    assert names == [["Bob"], [], ["Ada"]]
    assert answer.ignored_faces == 0


def test_photo_without_a_face_is_an_answer() -> None:
    matching = matching_of(enrolled("Ada", 0))

    answer = matching.match(NOBODY, "family", threshold=None, max_matches=1, all_faces=False)

    assert (answer.faces, answer.ignored_faces) == ([], 0)


def test_empty_collection_matches_nobody() -> None:
    assert found_by(matching_of()) == []


def test_search_sees_one_collection() -> None:
    matching = matching_of(enrolled("Ada", 0))

    answer = matching.match(PHOTO, "default", threshold=None, max_matches=1, all_faces=False)

    assert answer.faces[0].matches == []


def test_unknown_collection_and_other_model_are_refused() -> None:
    matching = matching_of(
        enrolled("Ada", 0), shown=recognition(face(0), model=OTHER_MODEL), other=recognition()
    )

    with pytest.raises(CollectionNotFound):
        matching.match(PHOTO, "nobody", threshold=None, max_matches=1, all_faces=False)
    with pytest.raises(CollectionNotFound):
        matching.verify_person(PHOTO, "nobody", "Ada", threshold=None)
    with pytest.raises(ModelMismatch):
        found_by(matching)
    with pytest.raises(ModelMismatch):
        matching.verify_person(PHOTO, "family", "Ada", threshold=None)


@pytest.mark.parametrize(
    ("position", "threshold", "same"), [(0.5, 80, True), (0.51, 80, False), (0.51, 70, True)]
)
def test_two_photos_are_the_same_person_from_the_threshold_on(
    position: float, threshold: float, same: bool
) -> None:
    verified = matching_of(other=recognition(face(position), face(0))).verify_photos(
        PHOTO, OTHER, threshold=threshold
    )

    assert verified.same is same
    assert (verified.distance, verified.threshold) == (position, threshold)


def test_comparison_names_the_photo_without_a_face() -> None:
    with pytest.raises(NoFaceFound, match="'image'"):
        matching_of().verify_photos(NOBODY, PHOTO, threshold=80)
    with pytest.raises(NoFaceFound, match="'other_image'"):
        matching_of().verify_photos(PHOTO, NOBODY, threshold=80)


def test_person_is_compared_by_the_mean_of_their_faces() -> None:
    faces = enrolled("Ada", 0.3, "far"), enrolled("Ada", 0.1, "near"), enrolled("Bob", 0, "other")

    verified = matching_of(*faces).verify_person(PHOTO, "family", "Ada", threshold=None)

    assert verified.same
    assert (verified.distance, verified.threshold, verified.faces) == (0.2, 80, 2)


@pytest.mark.parametrize("faces", [[], [enrolled("Bob", 0)]])
def test_person_that_is_not_enrolled_is_not_found(faces: list[EnrolledFace]) -> None:
    with pytest.raises(PersonNotFound, match="Ada"):
        matching_of(*faces).verify_person(PHOTO, "family", "Ada", threshold=None)


def test_person_can_not_be_compared_with_nobody() -> None:
    with pytest.raises(NoFaceFound):
        matching_of(enrolled("Ada", 0)).verify_person(NOBODY, "family", "Ada", threshold=None)


def test_detection_describes_every_face_and_embeds_none() -> None:
    shown = recognition(face(0), face(1))

    found = matching_of(shown=shown).detect(PHOTO)

    assert [each.box for each in found.faces] == [each.box for each in shown.faces]
    assert [each.embedding.size for each in found.faces] == [0, 0]


def qualities_of(matching: Matching, min_quality: float | None = None) -> list[tuple[int, object]]:
    """Return how many matches each face has, and the warning."""
    answer = matching.match(
        PHOTO,
        "family",
        threshold=None,
        max_matches=10,
        all_faces=True,
        min_quality=min_quality,
    )
    return [(len(searched.matches), searched.warning) for searched in answer.faces]


def test_poor_faces_are_not_searched_or_matched_with_a_warning() -> None:
    faces = [face(n, quality=quality) for n, quality in enumerate((19, 20, 50))]
    people = [enrolled(f"person {n}", n) for n in range(3)]
    matching = matching_of(*people, shown=recognition(*faces, face(5, quality=20)))

    assert qualities_of(matching) == [
        (0, "NOT_SEARCHED"),
        (1, "POOR_FACE"),
        (1, None),
        (0, None),
    ]


def test_call_may_ask_for_another_quality() -> None:
    faces = face(0, quality=0), face(2, quality=60)
    matching = matching_of(enrolled("Ada", 0), enrolled("Bob", 2), shown=recognition(*faces))

    assert qualities_of(matching, 0) == [(1, "POOR_FACE"), (1, None)]
    assert qualities_of(matching, 70) == [(0, "NOT_SEARCHED")] * 2


def test_people_match_by_the_mean_of_their_faces_which_are_counted() -> None:
    faces = [enrolled("Ada", 0.4, "a"), enrolled("Ada", 0.0, "b"), enrolled("Bob", 0.3, "c")]

    ada, bob = found_by(matching_of(*faces), by="person")

    assert ada == PersonMatch(
        person="Ada",
        similarity=round(similarity(0.2, threshold_distance=0.5), 1),
        distance=0.2,
        faces=2,
        face_id="b",
        face_distance=0,
        image_id="photo.jpg",
        metadata={"album": "summer"},
    )
    assert (bob.person, bob.distance) == ("Bob", 0.3)


def test_unnamed_faces_match_by_face_only() -> None:
    matching = matching_of(enrolled(None, 0.0, "nobody"), enrolled("Ada", 0.1, "a"))

    assert ids(found_by(matching, by="face")) == ["nobody", "a"]
    assert ids(found_by(matching, by="person")) == ["a"]


def test_nobody_is_the_match_of_two_faces() -> None:
    matching = matching_of(
        enrolled("Ada", 0), enrolled("Bob", 0.4), shown=recognition(face(0.1), face(0), face(0.05))
    )

    answer = matching.match(PHOTO, "family", threshold=None, max_matches=5, all_faces=True)

    names = [[match.person for match in searched.matches] for searched in answer.faces]
    assert names == [["Bob"], ["Ada"], []]
    assert [searched.warning for searched in answer.faces] == [None, None, "NAMED_ELSEWHERE"]


def test_enrolled_face_is_searched_for_who_else_is_like_it() -> None:
    matching = matching_of(
        *(enrolled("Ada", 0.1 * n, f"ada {n}") for n in range(2)),
        enrolled("Bob", 0.3, "bob"),
        enrolled(None, 0.2, "nobody"),
        enrolled("Eve", 3, "eve"),
    )

    def found(by: By, face_id: str = "ada 0", threshold: float | None = None) -> list[str]:
        answer = matching.search_face("family", face_id, threshold=threshold, max_matches=2, by=by)
        return ids(answer.matches)

    assert found("person") == ["bob"]
    assert found("face") == ["ada 1", "nobody"]
    assert found("person", "nobody") == ["bob", "ada 1"]
    assert found("person", threshold=100) == []


def test_face_that_is_not_enrolled_cannot_be_searched() -> None:
    for matching in (matching_of(), matching_of(enrolled("Ada", 0))):
        with pytest.raises(FaceNotFound):
            matching.search_face("family", "unknown", threshold=None, max_matches=1)
