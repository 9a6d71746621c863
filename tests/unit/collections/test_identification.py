"""Which person a face is said to show."""

import pytest

from core.bootstrap.use_cases.searching import build_identifier
from core.collections.identification import FaceIdentifier
from core.errors import CollectionNotFound, ModelMismatch, StorageUnavailable
from core.faces.results import Model
from core.faces.similarity import similarity
from core.jobs.recognition_job import JobDone
from core.ports import EnrolledFace, Match, without_rejected
from core.settings import Settings
from core.testing import MemoryFaceIndex
from tests.support.faces import OTHER_MODEL, TIMINGS_MS, enrol, enrolled, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(_env_file=None, match_max_distance=0.6, min_match_quality=20)


def identifier_of(
    *faces: EnrolledFace, threshold: float = 80, index: MemoryFaceIndex | None = None
) -> FaceIdentifier:
    shared = MemoryInfrastructure(settings=SETTINGS, index=index or MemoryFaceIndex()).shared()
    shared.collections.create("family", threshold=threshold)
    if faces:
        enrol(shared, *faces)
    return build_identifier(shared)


def named(*positions: float, people: dict[str, float], threshold: float = 80) -> JobDone:
    identifier = identifier_of(
        *(enrolled(*person) for person in people.items()), threshold=threshold
    )
    photo = recognition(*(face(position) for position in positions))
    return identifier.identify("a job", "family", photo)


def test_face_bears_the_name_of_its_nearest_neighbour() -> None:
    done = named(0.3, people={"Ada": 0.0, "Bob": 0.5})

    assert done.faces[0].name == "Bob"
    assert done.faces[0].distance == 0.2


def test_face_at_the_threshold_is_named_and_beyond_it_is_not() -> None:
    done = named(0.59, 0.61, people={"Ada": 0.0})

    assert [found.name for found in done.faces] == ["Ada", None]


def test_stricter_collection_names_only_nearer_faces() -> None:
    done = named(0.4, 0.59, people={"Ada": 0.0}, threshold=90)

    assert [found.name for found in done.faces] == ["Ada", None]


def test_result_is_the_largest_known_face() -> None:
    done = named(5.0, 0.5, 0.0, people={"Ada": 0.0, "Bob": 0.5})

    assert done.result == "Bob"


def test_stranger_keeps_distance_and_similarity() -> None:
    done = named(1.2, people={"Ada": 0.0})

    assert done.result == "Unknown"
    assert done.faces[0].distance == 1.2
    assert done.faces[0].similarity == round(similarity(1.2, threshold_distance=0.6), 1)


def test_without_enrolled_people_there_is_no_distance() -> None:
    done = named(0.0, people={})

    assert done.result == "Unknown"
    assert done.faces[0].distance is None


def test_photo_without_a_face_says_so() -> None:
    assert named(people={"Ada": 0.0}).result == "No face"


def test_result_carries_collection_box_landmarks_model_and_timings() -> None:
    done = named(0.0, people={"Ada": 0.0})

    assert done.collection_id == "family"
    assert done.faces[0].box.model_dump() == {"left": 10, "top": 20, "width": 100, "height": 100}
    assert done.faces[0].landmarks == {"nose": (60.0, 70.0)}
    assert done.model == Model(name="test-model", version="1")
    assert set(done.timings_ms) == {*TIMINGS_MS, "search"}


def test_nearer_faces_without_a_name_do_not_hide_a_person() -> None:
    nameless = [enrolled(None, 0.01 * n, f"face {n}") for n in range(1, 6)]

    done = identifier_of(enrolled("Ada", 0.2), *nameless).identify(
        "a job", "family", recognition(face(0))
    )

    assert done.result == "Ada"


def test_face_like_one_that_was_said_not_to_be_somebody_is_not_named_so() -> None:
    twin = enrolled(None, 0.0, "twin", rejected=frozenset({"Ada"}))

    done = identifier_of(twin, enrolled("Ada", 0.1)).identify(
        "a job", "family", recognition(face(0))
    )

    assert done.result == "Unknown"


def test_only_nearer_faces_speak_against_a_person() -> None:
    matches = [
        Match(face_id="1", person="Ada", distance=0.1),
        Match(face_id="2", person=None, distance=0.2, rejected=frozenset({"Ada"})),
        Match(face_id="3", person="Ada", distance=0.3),
        Match(face_id="4", person="Bob", distance=0.4),
    ]

    assert [match.face_id for match in without_rejected(matches)] == ["1", "2", "4"]


def test_other_collections_people_are_not_found() -> None:
    identifier = identifier_of(enrolled("Ada", 0.0))

    assert identifier.identify("a job", "default", recognition(face(0))).result == "Unknown"


def test_unknown_collection_is_not_found() -> None:
    with pytest.raises(CollectionNotFound):
        identifier_of().identify("a job", "nobody-made-it", recognition(face(0)))


def test_other_model_is_refused() -> None:
    with pytest.raises(ModelMismatch):
        identifier_of(enrolled("Ada", 0)).identify(
            "a", "family", recognition(face(0), model=OTHER_MODEL)
        )


def test_people_are_looked_for_only_once_the_gallery_is_known_to_be_fresh() -> None:
    class AwayIndex(MemoryFaceIndex):
        def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
            raise StorageUnavailable("nobody knows what was erased meanwhile")

    identifier = identifier_of(enrolled("Ada", 0.0), index=AwayIndex())

    with pytest.raises(StorageUnavailable):
        identifier.identify("a job", "family", recognition(face(0)))


@pytest.fixture
def choosy() -> FaceIdentifier:
    """Return an identifier that knows Ada and does not look for faces of a quality under 20."""
    return identifier_of(enrolled("Ada", 0.0))


def test_face_that_is_too_poor_is_not_looked_for_and_the_others_are(choosy: FaceIdentifier) -> None:
    photo = recognition(face(0, quality=19.9), face(0.1), face(5.0))

    poor, good, stranger = choosy.identify("a job", "family", photo).faces

    assert (poor.name, poor.similarity, poor.face_id) == (None, None, None)
    assert (poor.warning, poor.quality_reasons) == ("NOT_SEARCHED", ["LOW_SHARPNESS"])
    assert (good.name, good.distance, good.warning) == ("Ada", 0.1, None)
    assert (stranger.name, stranger.distance) == (None, 5.0)


def test_photo_of_poor_faces_only_is_unknown(choosy: FaceIdentifier) -> None:
    assert choosy.identify("a", "family", recognition(face(0, quality=5))).result == "Unknown"


def test_name_of_a_poor_face_comes_with_a_warning(choosy: FaceIdentifier) -> None:
    shown = face(0, quality=49), face(0.1, quality=50), face(5.0, quality=49)

    faces = [choosy.identify("a job", "family", recognition(one)).faces[0] for one in shown]

    assert [found.warning for found in faces] == ["POOR_FACE", None, None]
    assert faces[0].name == "Ada"


@pytest.mark.parametrize(("asked", "name"), [(None, "Ada"), (0, "Ada"), (40, None)])
def test_job_may_ask_for_another_quality(
    choosy: FaceIdentifier, asked: float | None, name: str | None
) -> None:
    photo = recognition(face(0, quality=30))

    (found,) = choosy.identify("a job", "family", photo, min_quality=asked).faces

    assert found.name == name


def test_distance_is_that_to_the_mean_of_the_persons_faces() -> None:
    done = identifier_of(enrolled("Ada", 0.0, "near"), enrolled("Ada", 0.4, "far")).identify(
        "a job", "family", recognition(face(-0.1))
    )

    assert (done.faces[0].name, done.faces[0].distance) == ("Ada", 0.3)
    assert done.faces[0].face_id == "near"


def test_runner_up_is_told_beside_a_name() -> None:
    done = named(0.1, people={"Ada": 0.0, "Bob": 0.5, "Eve": 1.0})

    runner_up = done.faces[0].runner_up
    assert runner_up is not None
    assert (runner_up.name, runner_up.face_id) == ("Bob", "id of Bob")
    assert runner_up.similarity == round(similarity(0.4, threshold_distance=0.6), 1)


def test_face_without_a_name_and_only_person_have_no_runner_up() -> None:
    assert named(5.0, people={"Ada": 0.0, "Bob": 0.5}).faces[0].runner_up is None
    assert named(0.0, people={"Ada": 0.0}).faces[0].runner_up is None


def test_nobody_is_named_for_two_faces_of_a_photo() -> None:
    done = named(0.1, 0.0, people={"Ada": 0.0})

    assert [(found.name, found.warning) for found in done.faces] == [
        (None, "NAMED_ELSEWHERE"),
        ("Ada", None),
    ]
    assert done.faces[0].similarity == round(similarity(0.1, threshold_distance=0.6), 1)
    assert done.result == "Ada"


def test_faces_are_named_so_that_all_together_are_most_similar() -> None:
    done = named(0.2, 0.0, people={"Ada": 0.1, "Bob": 0.45})

    assert [found.name for found in done.faces] == ["Bob", "Ada"]


def test_second_name_below_the_threshold_is_given_to_no_face() -> None:
    done = named(0.2, 0.0, people={"Ada": 0.1, "Bob": 0.85})

    assert sorted(str(found.name) for found in done.faces) == ["Ada", "None"]


@pytest.mark.parametrize(
    ("own", "usual", "names"),
    [(0.5, 0.01, ["Ada"]), (0.001, 0.01, [None]), (None, 0.5, ["Ada"]), (None, 0.001, [None])],
)
def test_rate_of_the_collection_or_else_of_the_service_says_who_is_named(
    own: float | None, usual: float, names: list[str | None]
) -> None:
    settings = SETTINGS.model_copy(update={"match_false_name_rate": usual})
    shared = MemoryInfrastructure(settings=settings, index=MemoryFaceIndex()).shared()
    shared.collections.create("family", false_name_rate=own)
    enrol(shared, enrolled("Ada", 0.0))

    done = build_identifier(shared).identify("a job", "family", recognition(face(0.6)))

    assert [found.name for found in done.faces] == names
