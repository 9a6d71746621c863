"""A gallery in memory, following a stored one that the test changes."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from core.errors import ModelMismatch, StorageUnavailable
from core.gallery.replica.replica import GalleryReplica
from core.gallery.replica.vectors import IndexedVectors
from core.ports import EnrolledFace
from harness.waiting import wait_until
from tests.support.stored_gallery import (
    LENGTH,
    StoredInMemory,
    a_face,
    clustered,
    indexed,
    loaded,
)


@pytest.fixture
def stored() -> StoredInMemory:
    return StoredInMemory()


def nearest(gallery: GalleryReplica, face: EnrolledFace) -> str:
    return gallery.search(face.embedding[np.newaxis], limit=1)[0][0].face_id


def test_empty_gallery_has_no_match(stored: StoredInMemory) -> None:
    assert loaded(stored).search(clustered(2), limit=3) == [[], []]


def test_gallery_is_loading_until_it_first_followed(stored: StoredInMemory) -> None:
    gallery = GalleryReplica(stored, exact_max=10, compressed=False)
    states = [gallery.state]
    gallery.follow()
    states.append(gallery.state)

    assert states == ["loading", "exact"]


def test_match_has_person_rejected_and_euclidean_distance(stored: StoredInMemory) -> None:
    probe = np.zeros(LENGTH, dtype=np.float32)
    stored.put(
        a_face("Ada", probe + np.float32(0.5), frozenset({"Bob", "Eve"})), a_face(None, probe + 1)
    )

    ada, nobody = loaded(stored).search(probe[np.newaxis], limit=5)[0]

    assert (ada.person, ada.rejected) == ("Ada", frozenset({"Bob", "Eve"}))
    assert ada.distance == pytest.approx(2.0)
    assert (nobody.person, nobody.rejected) == (None, frozenset())
    assert nobody.distance == pytest.approx(4.0)


@pytest.mark.parametrize("probes", [1, 3, 40])
def test_exact_search_agrees_with_comparing_all(stored: StoredInMemory, probes: int) -> None:
    faces = [a_face(embedding=embedding) for embedding in clustered(300)]
    stored.put(*faces)
    gallery = loaded(stored)
    stored.erase(*faces[::3])
    gallery.follow()
    left = [face for face in faces if face not in faces[::3]]

    for probe, matches in zip(
        (looked_for := clustered(probes)), gallery.search(looked_for, limit=5), strict=True
    ):
        distances = sorted(float(np.linalg.norm(face.embedding - probe)) for face in left)
        assert [match.distance for match in matches] == pytest.approx(distances[:5], abs=1e-4)


@pytest.mark.parametrize("load", [loaded, indexed])
def test_faces_come_and_go_with_the_stored_ones(
    stored: StoredInMemory, load: Callable[[StoredInMemory], GalleryReplica]
) -> None:
    stored.put(*(a_face(embedding=embedding) for embedding in clustered(300)))
    gallery = load(stored)
    new, other = a_face("Bob"), a_face("Eve")

    stored.put(new, other)
    gallery.follow()
    assert nearest(gallery, new) == new.face_id

    stored.erase(new)
    gallery.follow()
    assert nearest(gallery, new) != new.face_id
    assert nearest(gallery, other) == other.face_id


@pytest.mark.parametrize("load", [loaded, indexed])
def test_face_stored_again_is_found_once_and_as_it_is_now(
    stored: StoredInMemory, load: Callable[[StoredInMemory], GalleryReplica]
) -> None:
    face = a_face("Ada", rejected=frozenset({"Bob"}))
    stored.put(face, *(a_face(embedding=embedding) for embedding in clustered(300)))
    gallery = load(stored)

    stored.put(a_face("Bob", face.embedding, face_id=face.face_id))
    gallery.follow()

    matches = gallery.search(face.embedding[np.newaxis], limit=300)[0]
    assert [(m.person, m.rejected) for m in matches if m.face_id == face.face_id] == [
        ("Bob", frozenset())
    ]


def test_rows_that_were_only_moved_are_not_read_again(stored: StoredInMemory) -> None:
    faces = [a_face(f"person {n}") for n in range(10)]
    stored.put(*faces)
    gallery = loaded(stored)
    stored.compact()
    stored.put(faces[3])
    stored.rows_read = 0

    gallery.follow()

    assert stored.rows_read == 1
    assert [nearest(gallery, face) for face in faces] == [face.face_id for face in faces]


def test_slots_and_names_of_erased_faces_are_used_again(stored: StoredInMemory) -> None:
    faces = [a_face(f"person {n}") for n in range(20)]
    stored.put(*faces)
    gallery = loaded(stored)
    for n in range(20):
        stored.erase(faces.pop(0))
        gallery.follow()
        faces.append(a_face(f"newcomer {n}"))
        stored.put(faces[-1])
        gallery.follow()

    found = gallery.search(np.array([face.embedding for face in faces]), limit=1)

    assert [row[0].person for row in found] == [face.person for face in faces]
    assert len(gallery.search(clustered(1), limit=100)[0]) == 20


@pytest.mark.parametrize("compressed", [False, True])
def test_index_finds_what_exact_search_finds(stored: StoredInMemory, compressed: bool) -> None:
    stored.put(*(a_face(embedding=embedding) for embedding in clustered(3000)))
    probes = clustered(200)
    exact = loaded(stored, exact_max=5000).search(probes, limit=1)

    found = indexed(stored, compressed=compressed).search(probes, limit=1)

    if compressed:
        worse = [a[0].distance - b[0].distance for a, b in zip(found, exact, strict=True)]
        assert np.abs(worse).max() < 0.03
    else:
        assert [row[0].face_id for row in found] == [row[0].face_id for row in exact]


def test_exact_search_answers_while_the_index_is_built(
    stored: StoredInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    build = IndexedVectors.built_of

    def build_slowly(*args: object, **options: object) -> IndexedVectors:
        built = build(*args, **options)  # type: ignore[arg-type]
        assert going_on.wait(10)
        return built

    monkeypatch.setattr(IndexedVectors, "built_of", build_slowly)
    faces = [a_face(embedding=embedding) for embedding in clustered(300)]
    stored.put(*faces)
    gallery = loaded(stored, exact_max=100)
    newcomer, replaced = a_face("new"), a_face("changed", face_id=faces[0].face_id)
    stored.put(newcomer, replaced)
    stored.erase(faces[5])
    gallery.follow()

    def check() -> None:
        assert nearest(gallery, newcomer) == newcomer.face_id
        assert nearest(gallery, replaced) == faces[0].face_id
        assert nearest(gallery, faces[0]) != faces[0].face_id
        assert nearest(gallery, faces[5]) != faces[5].face_id
        assert nearest(gallery, faces[7]) == faces[7].face_id

    assert gallery.state == "building"
    check()
    going_on.set()
    wait_until(lambda: gallery.state == "index", what="the index")
    check()


def test_gallery_that_doubled_since_its_index_was_built_is_outgrown(
    stored: StoredInMemory,
) -> None:
    stored.put(*(a_face(embedding=embedding) for embedding in clustered(200)))
    gallery = indexed(stored)
    assert not gallery.outgrown

    stored.put(*(a_face(embedding=embedding) for embedding in clustered(201)))
    gallery.follow()

    assert gallery.outgrown


def test_what_is_loaded_stays_when_the_bucket_is_away(stored: StoredInMemory) -> None:
    face = a_face()
    stored.put(face)
    gallery = loaded(stored)
    stored.available = False

    with pytest.raises(StorageUnavailable):
        gallery.follow()

    assert nearest(gallery, face) == face.face_id


def test_probe_of_another_length_is_refused(stored: StoredInMemory) -> None:
    with pytest.raises(ModelMismatch, match="length 16"):
        loaded(stored).search(np.zeros((1, 5), dtype=np.float32), limit=1)


def test_searches_and_changes_of_many_threads_go_together(stored: StoredInMemory) -> None:
    faces = [a_face(embedding=embedding) for embedding in clustered(400)]
    stored.put(*faces)
    gallery = indexed(stored)
    wrong: list[EnrolledFace] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            wrong.extend(face for face in faces[:20] if nearest(gallery, face) != face.face_id)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for face in faces[20:120]:
        stored.erase(face)
        gallery.follow()
    done.set()
    for thread in threads:
        thread.join()

    assert not wrong
