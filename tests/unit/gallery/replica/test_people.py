"""People of a gallery in memory, whose templates follow every change."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.faces.templates import template_of, templates_of
from core.gallery.replica import people
from core.gallery.replica.replica import GalleryReplica
from core.ports import FoundPerson
from tests.support.stored_gallery import (
    LENGTH,
    StoredInMemory,
    a_face,
    clustered,
    indexed,
    loaded,
)


def compressed(stored: StoredInMemory) -> GalleryReplica:
    return indexed(stored, compressed=True)


LOADERS = [loaded, indexed, compressed]
NAMES = [f"person {n}" for n in range(60)]


@pytest.fixture
def stored() -> StoredInMemory:
    return StoredInMemory()


def templates(stored: StoredInMemory) -> dict[str, tuple[int, NDArray[np.float32]]]:
    """Return the number of faces and the template of everyone, computed from what is stored."""
    faces: dict[str, list[NDArray[np.float32]]] = {}
    for face, _ in stored.kept.values():
        if face.person is not None:
            faces.setdefault(face.person, []).append(face.embedding)
    return {person: (len(of), template_of(np.stack(of))) for person, of in faces.items()}


def found(gallery: GalleryReplica) -> dict[str, FoundPerson]:
    probe = np.zeros((1, LENGTH), dtype=np.float32)
    (answer,) = gallery.search_people(probe, limit=1000)
    return {person.person: person for person in answer.nearest}


def assert_all_as_stored(
    gallery: GalleryReplica, stored: StoredInMemory, *, within: float = 1e-5
) -> None:
    expected, people_found = templates(stored), found(gallery)
    assert gallery.search_people(clustered(1), limit=1)[0].people == len(expected)
    assert {name: each.faces for name, each in people_found.items()} == {
        name: faces for name, (faces, _) in expected.items()
    }
    for name, (_, template) in expected.items():
        assert np.abs(people_found[name].template - template).max() < within, name


@pytest.mark.parametrize("load", LOADERS)
def test_templates_after_a_thousand_changes_of_four_writers_are_those_computed_anew(
    stored: StoredInMemory, load: Callable[[StoredInMemory], GalleryReplica]
) -> None:
    stored.put(*(a_face(NAMES[n % 60], each) for n, each in enumerate(clustered(600))))
    gallery = load(stored)
    changing = threading.Lock()

    def write(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(250):
            with changing:
                change(stored, random)
                if random.random() < 0.3:
                    gallery.follow()
            if random.random() < 0.1:
                found(gallery)  # so that templates are remembered, and must be forgotten

    writers = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    gallery.follow()

    # A compressed face may be lost in the middle of its cluster: four times 0.2 away.
    assert_all_as_stored(gallery, stored, within=1e-5 if load is not compressed else 0.8)


def change(stored: StoredInMemory, random: np.random.Generator) -> None:
    """Enrol, erase or rename some faces; also give one person to another, and take names."""
    faces = [face for face, _ in stored.kept.values()]
    some = [faces[n] for n in random.integers(len(faces), size=random.integers(1, 6))]
    some = list({face.face_id: face for face in some}.values())
    name = str(random.choice(NAMES))
    match random.integers(5):
        case 0 | 1:
            stored.put(*(a_face(name, each) for each in clustered(int(random.integers(1, 6)))))
        case 2:
            stored.erase(*some)
        case 3:
            stored.put(
                *(replace(face, person=name if random.random() < 0.5 else None) for face in some)
            )
        case _:
            theirs = [face for face in faces if face.person == name]
            stored.put(*(replace(face, person="merged") for face in theirs))


@pytest.mark.parametrize("load", LOADERS)
def test_remembered_template_of_many_faces_follows_a_new_one(
    stored: StoredInMemory, load: Callable[[StoredInMemory], GalleryReplica]
) -> None:
    stored.put(*(a_face("Ada", each) for each in clustered(200)))
    gallery = load(stored)
    found(gallery)

    stored.put(a_face("Ada", np.full(LENGTH, 3, dtype=np.float32)))
    gallery.follow()

    assert_all_as_stored(gallery, stored, within=0.02)
    assert found(gallery)["Ada"].faces == 201


def test_next_person_is_found_behind_thousands_of_nearer_faces(stored: StoredInMemory) -> None:
    near = 0.01 * clustered(3000)
    far = np.full(LENGTH, 9, dtype=np.float32)
    stored.put(*(a_face("Ada", each) for each in near), a_face("Bob", far), a_face(None))
    probe = np.zeros((1, LENGTH), dtype=np.float32)

    for gallery in (loaded(stored, exact_max=5000), indexed(stored)):
        (answer,) = gallery.search_people(probe, limit=2)
        assert [(each.person, each.faces) for each in answer.nearest] == [("Ada", 3000), ("Bob", 1)]


def test_templates_are_made_of_few_people_only(
    stored: StoredInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(embeddings: NDArray[np.float32], counts: Sequence[int]) -> NDArray[np.float32]:
        made.extend(counts)
        return templates_of(embeddings, counts)

    monkeypatch.setattr(people, "templates_of", counted)
    stored.put(*(a_face(f"person {n}", each) for n, each in enumerate(clustered(900))))

    loaded(stored).search_people(clustered(1), limit=3)

    assert len(made) < 10


def test_face_that_rejects_two_people_hides_both(stored: StoredInMemory) -> None:
    at = np.zeros(LENGTH, dtype=np.float32)
    others = [a_face(name, at + n) for n, name in enumerate(("Ada", "Bob", "Eve"), start=1)]
    stored.put(a_face(None, at, frozenset({"Ada", "Eve", "nobody"})), *others)

    assert list(found(loaded(stored))) == ["Bob"]
