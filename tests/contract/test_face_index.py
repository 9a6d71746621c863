"""The contract of FaceIndex, on stores in memory and on S3."""

import threading

import pytest

from core.errors import GalleryCorrupt, InvalidCollectionId, ModelMismatch
from core.faces.results import ModelId
from core.gallery.stored_index import StoredFaceIndex
from core.testing import ManualClock
from tests.support.faces import MODEL, embedding, enrolled
from tests.support.worlds import World


@pytest.fixture
def index(world: World) -> StoredFaceIndex:
    return StoredFaceIndex(world.gallery, refresh_s=0)


def nearest_person(index: StoredFaceIndex, position: float, collection: str = "c") -> str | None:
    match = index.nearest(collection, embedding(position), model=MODEL)
    return match.person if match else None


def test_empty_collection_has_no_match(index: StoredFaceIndex) -> None:
    assert nearest_person(index, 0.0) is None


def test_nearest_enrolled_face_is_found(index: StoredFaceIndex) -> None:
    index.enrol("c", [enrolled("Ada", 0.0), enrolled("Bob", 1.0)], model=MODEL)

    assert nearest_person(index, 0.4) == "Ada"
    assert nearest_person(index, 0.6) == "Bob"


def test_enrolling_again_changes_nothing(index: StoredFaceIndex) -> None:
    assert index.enrol("c", [enrolled("Ada", 0.0)], model=MODEL) == 1
    assert index.enrol("c", [enrolled("Ada", 0.0)], model=MODEL) == 0


def test_same_face_under_another_name_is_renamed(index: StoredFaceIndex) -> None:
    index.enrol("c", [enrolled("Adda", 0.0, "one face")], model=MODEL)

    assert index.enrol("c", [enrolled("Ada", 0.0, "one face")], model=MODEL) == 1
    assert nearest_person(index, 0.0) == "Ada"


def test_same_face_with_another_embedding_is_replaced(index: StoredFaceIndex) -> None:
    index.enrol("c", [enrolled("Ada", 0.0, "one face"), enrolled("Bob", 1.0)], model=MODEL)

    assert index.enrol("c", [enrolled("Ada", 9.0, "one face")], model=MODEL) == 1
    assert nearest_person(index, 0.0) == "Bob"


def test_collections_do_not_see_each_other(index: StoredFaceIndex) -> None:
    index.enrol("one", [enrolled("Ada", 0.0)], model=MODEL)

    assert nearest_person(index, 0.0, "other") is None


def test_names_in_any_script_survive(index: StoredFaceIndex) -> None:
    index.enrol("c", [enrolled("Łucja 王 🙂", 0.0)], model=MODEL)

    assert nearest_person(index, 0.0) == "Łucja 王 🙂"


def test_other_models_embeddings_are_refused(index: StoredFaceIndex) -> None:
    other = ModelId(name="other", version="1")
    index.enrol("c", [enrolled("Ada", 0.0)], model=MODEL)

    with pytest.raises(ModelMismatch, match="test-model"):
        index.enrol("c", [enrolled("Bob", 1.0)], model=other)
    with pytest.raises(ModelMismatch, match="test-model"):
        index.nearest("c", embedding(0.0), model=other)


@pytest.mark.parametrize("damage", [b"", b"garbage", b"PK\x03\x04 cut off"])
def test_damaged_collection_is_a_clear_error(world: World, damage: bytes) -> None:
    index = StoredFaceIndex(world.gallery, refresh_s=0)
    world.gallery.put("collections/c.npz", damage, content_type="application/octet-stream")

    with pytest.raises(GalleryCorrupt):
        nearest_person(index, 0.0)


@pytest.mark.parametrize("collection", ["", "a/b", "..\\x", "x" * 101, "ü", "a b"])
def test_odd_collection_id_is_refused(index: StoredFaceIndex, collection: str) -> None:
    with pytest.raises(InvalidCollectionId):
        index.enrol(collection, [enrolled("Ada", 0.0)], model=MODEL)


def test_change_by_another_process_is_seen_after_the_refresh_time(world: World) -> None:
    clock = ManualClock()
    reader = StoredFaceIndex(world.gallery, refresh_s=1, clock=clock)
    writer = StoredFaceIndex(world.gallery, refresh_s=1)
    writer.enrol("c", [enrolled("Ada", 0.0)], model=MODEL)
    assert nearest_person(reader, 1.0) == "Ada"

    writer.enrol("c", [enrolled("Bob", 1.0)], model=MODEL)

    assert nearest_person(reader, 1.0) == "Ada"
    clock.advance(1)
    assert nearest_person(reader, 1.0) == "Bob"


def test_first_enrolment_is_seen_after_the_refresh_time(world: World) -> None:
    clock = ManualClock()
    reader = StoredFaceIndex(world.gallery, refresh_s=1, clock=clock)
    assert nearest_person(reader, 0.0) is None

    StoredFaceIndex(world.gallery, refresh_s=1).enrol("c", [enrolled("Ada", 0.0)], model=MODEL)
    clock.advance(1)

    assert nearest_person(reader, 0.0) == "Ada"


def test_no_enrolment_is_lost_among_writers_at_once(world: World) -> None:
    people = [f"person {number}" for number in range(6)]

    def enrol(position: int) -> None:
        writer = StoredFaceIndex(world.gallery, refresh_s=0)
        writer.enrol("c", [enrolled(people[position], float(position))], model=MODEL)

    writers = [threading.Thread(target=enrol, args=[n]) for n in range(len(people))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    reader = StoredFaceIndex(world.gallery, refresh_s=0)
    assert [nearest_person(reader, float(n)) for n in range(len(people))] == people
