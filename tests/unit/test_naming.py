"""Faces to names."""

from core.faces.similarity import similarity
from core.gallery.stored_index import StoredFaceIndex
from core.jobs import JobDone
from core.naming import FaceNamer
from core.testing import MemoryStore
from tests.support.faces import MODEL, enrolled, face, recognition


def named(*positions: float, people: dict[str, float]) -> JobDone:
    index = StoredFaceIndex(MemoryStore(), refresh_s=0)
    index.enrol("default", [enrolled(*person) for person in people.items()], model=MODEL)
    namer = FaceNamer(index, max_distance=0.6)
    return namer.name("a job", recognition(*(face(position) for position in positions)))


def test_face_bears_the_name_of_its_nearest_neighbour() -> None:
    done = named(0.3, people={"Ada": 0.0, "Bob": 0.5})

    assert done.faces[0].name == "Bob"
    assert done.faces[0].distance == 0.2


def test_face_at_the_threshold_is_named_and_beyond_it_is_not() -> None:
    done = named(0.59, 0.61, people={"Ada": 0.0})

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


def test_result_carries_box_landmarks_model_and_timings() -> None:
    done = named(0.0, people={"Ada": 0.0})

    assert done.faces[0].box.model_dump() == {"left": 10, "top": 20, "width": 100, "height": 100}
    assert done.faces[0].landmarks == {"nose": (60.0, 70.0)}
    assert done.model.model_dump() == {"name": "test-model", "version": "1"}
    assert set(done.timings_ms) == {"decode", "search"}
