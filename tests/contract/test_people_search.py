"""The contract of FaceIndex for people, on every engine."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from core.bootstrap.use_cases.searching import build_matching
from core.collections.matches import By
from core.errors import CollectionNotFound
from core.ground.names import EVERYBODY
from core.ports import EnrolledFace, FaceIndex, FoundPeople, FoundPerson
from harness.waiting import wait_until
from tests.support.faces import MODEL, face, recognition
from tests.support.indexes import (
    LENGTH,
    face_at,
    new_face_id,
    new_gallery,
    point,
    stored_as,
)
from tests.support.infrastructure import MemoryInfrastructure

pytestmark = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect in the local Qdrant:UserWarning"
)


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """One gallery of an index, and searches for people that wait for what was put."""

    index: FaceIndex
    gallery_id: str

    def put(self, *faces: EnrolledFace) -> None:
        self.index.put(self.gallery_id, faces)

    def erase(self, *faces: EnrolledFace) -> None:
        self.index.erase(self.gallery_id, [face.face_id for face in faces])

    def search(self, position: float, *, limit: int = 10) -> FoundPeople:
        return self.index.search_people(self.gallery_id, point(position)[None], limit=limit)[0]

    def finds(self, position: float, *people: tuple[str, int]) -> bool:
        """Tell whether a search finds just these people, with so many faces, nearest first."""
        return [(f.person, f.faces) for f in self.wait_for(position, *people)] == list(people)

    def wait_for(self, position: float, *people: tuple[str, int]) -> list[FoundPerson]:
        """Return the people near a position, once these have so many faces, nearest first."""
        wait_until(
            lambda: [(f.person, f.faces) for f in self.search(position).nearest] == list(people),
            what="the search to find the people",
        )
        return self.search(position).nearest


@pytest.fixture
def gallery(index: FaceIndex) -> Iterator[Gallery]:
    made = Gallery(index=index, gallery_id=new_gallery())
    index.create(made.gallery_id, length=LENGTH)
    yield made
    index.drop(made.gallery_id)


def test_distance_is_that_of_the_mean_of_all_faces(gallery: Gallery) -> None:
    near, middle, far = (face_at(position, person="Ada") for position in (4, 5, 6))
    gallery.put(far, near, middle)

    (ada,) = gallery.wait_for(1, ("Ada", 3))

    assert ada.distance == pytest.approx(4, abs=1e-5)
    assert np.allclose(ada.template, point(5))
    assert ada.template.dtype == np.float32
    assert ada.face_id == near.face_id
    assert ada.face_distance == pytest.approx(3, abs=1e-5)


def test_nearest_template_comes_first_and_not_the_nearest_face(gallery: Gallery) -> None:
    gallery.put(face_at(0, person="Ada"), face_at(8, person="Ada"), face_at(2, person="Bob"))

    ada_and_bob = gallery.wait_for(0.5, ("Bob", 1), ("Ada", 2))

    assert [found.distance for found in ada_and_bob] == pytest.approx([1.5, 3.5], abs=1e-5)


def test_unnamed_faces_are_nobody(gallery: Gallery) -> None:
    gallery.put(face_at(0, person=None), face_at(1, person="Ada"), face_at(1.1, person=None))

    assert gallery.finds(0, ("Ada", 1))

    assert gallery.search(0).people == 1
    assert gallery.index.count_people(gallery.gallery_id) == 1


def test_search_returns_no_more_people_than_the_limit_and_counts_all(gallery: Gallery) -> None:
    gallery.put(*(face_at(n, person=f"person {n % 5}") for n in range(15)))
    assert gallery.finds(-1, *((f"person {n}", 3) for n in range(5)))

    found = gallery.search(-1, limit=2)

    assert [person.person for person in found.nearest] == ["person 0", "person 1"]
    assert found.people == 5


def test_several_probes_have_an_answer_each(gallery: Gallery) -> None:
    gallery.put(face_at(0, person="Ada"), face_at(10, person="Bob"))
    assert gallery.finds(0, ("Ada", 1), ("Bob", 1))

    probes = np.stack([point(9), point(1)])
    before = probes.copy()
    answers = gallery.index.search_people(gallery.gallery_id, probes, limit=1)

    assert [[person.person for person in answer.nearest] for answer in answers] == [
        ["Bob"],
        ["Ada"],
    ]
    assert np.array_equal(probes, before)


def test_search_without_probes_or_without_faces_finds_nobody(gallery: Gallery) -> None:
    nothing = np.empty((0, LENGTH), dtype=np.float32)

    assert gallery.search(0) == FoundPeople(nearest=[], people=0)
    assert gallery.index.count_people(gallery.gallery_id) == 0
    assert gallery.index.search_people(gallery.gallery_id, nothing, limit=1) == []


def test_template_follows_enrolments_and_erasures(gallery: Gallery) -> None:
    first, second, third = (face_at(position, person="Ada") for position in (1, 3, 5))
    gallery.put(first)
    assert gallery.finds(0, ("Ada", 1))

    gallery.put(second, third)
    (ada,) = gallery.wait_for(0, ("Ada", 3))
    assert np.allclose(ada.template, point(3))

    gallery.erase(first)
    (ada,) = gallery.wait_for(0, ("Ada", 2))
    assert np.allclose(ada.template, point(4))

    gallery.erase(second, third)
    assert gallery.finds(0)
    assert gallery.index.count_people(gallery.gallery_id) == 0


def test_template_follows_renames_and_merges(gallery: Gallery) -> None:
    ada, other = face_at(1, person="Ada"), face_at(2, person="Ada L.")
    bob = face_at(10, person="Bob")
    gallery.put(ada, other, bob)
    assert gallery.finds(0, ("Ada", 1), ("Ada L.", 1), ("Bob", 1))

    gallery.put(replace(other, person="Ada"))
    found = gallery.wait_for(0, ("Ada", 2), ("Bob", 1))
    assert np.allclose(found[0].template, point(1.5))

    gallery.put(replace(ada, person="Eve"), replace(other, person="Eve"))
    assert gallery.finds(0, ("Eve", 2), ("Bob", 1))

    gallery.put(replace(ada, person=None))
    assert gallery.finds(0, ("Eve", 1), ("Bob", 1))


def test_nearer_face_that_rejects_a_person_hides_them(gallery: Gallery) -> None:
    twin = replace(face_at(1, person=None), rejected=frozenset({"Ada"}))
    gallery.put(twin, face_at(2, person="Ada"), face_at(0.5, person="Bob"))

    assert gallery.finds(0, ("Bob", 1))

    assert gallery.finds(9, ("Ada", 1), ("Bob", 1))


def test_rejection_of_a_farther_face_hides_nobody(gallery: Gallery) -> None:
    twin = replace(face_at(4.5, person="Bob"), rejected=frozenset({"Ada"}))

    gallery.put(twin, face_at(2, person="Ada"), face_at(6, person="Ada"))

    assert gallery.finds(0, ("Ada", 2), ("Bob", 1))


def test_person_in_two_spellings_is_one(gallery: Gallery) -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    gallery.put(stored_as(face_at(1), decomposed), face_at(3, person=composed))

    (found,) = gallery.wait_for(0, (composed, 2))

    assert np.allclose(found.template, point(2))
    assert gallery.index.count_people(gallery.gallery_id) == 1


def test_many_faces_of_one_person_do_not_hide_the_next(gallery: Gallery) -> None:
    gallery.put(*(face_at(0.001 * n, person="Ada") for n in range(150)), face_at(5, person="Bob"))

    assert gallery.finds(0, ("Ada", 150), ("Bob", 1))


def test_unknown_gallery_is_not_found(index: FaceIndex) -> None:
    unknown = new_gallery()

    for probes in (point(1)[None], np.empty((0, LENGTH), np.float32)):
        with pytest.raises(CollectionNotFound):
            index.search_people(unknown, probes, limit=1)
    with pytest.raises(CollectionNotFound):
        index.count_people(unknown)


def test_person_is_found_by_the_ids_of_their_faces(gallery: Gallery) -> None:
    face_id = new_face_id()
    gallery.put(face_at(1, person="Ada", face_id=face_id))

    (ada,) = gallery.wait_for(1, ("Ada", 1))

    assert ada.face_id == face_id


def test_nearest_face_that_is_nobodys_is_told_and_hides_no_one(gallery: Gallery) -> None:
    said = frozenset({EVERYBODY})
    near, far = (replace(face_at(place, person=None), rejected=said) for place in (2, 4))
    named = replace(face_at(1, person="Bob"), rejected=said)
    gallery.put(near, far, named, face_at(0.5, person=None), face_at(3, person="Ada"))
    assert gallery.finds(0, ("Bob", 1), ("Ada", 1))

    assert gallery.search(0).nobody_at == pytest.approx(2, abs=1e-5)
    assert gallery.search(3.5).nobody_at == pytest.approx(0.5, abs=1e-5)

    gallery.erase(near)
    gallery.put(replace(far, rejected=frozenset()))
    wait_until(lambda: gallery.search(0).nobody_at > 2, what="no face to be nobody's")
    assert gallery.search(0).nobody_at == math.inf


def test_people_are_searched_by_their_metadata_behind_nearer_ones(index: FaceIndex) -> None:
    shared = MemoryInfrastructure(index=index).shared()
    shared.collections.create("staff")
    bound = shared.collections.bind(shared.collections.get("staff"), MODEL, length=LENGTH)
    people = [face_at(0.01 * n, person=f"person {n}") for n in range(30)]
    index.put(bound.gallery_id, people)
    shared.consents.set_metadata("staff", "person 29", {"team": "red"})
    shown = recognition(face(vector=point(0)))
    matching = build_matching(shared, lambda photo, *, needed: shown)

    def found(by: By) -> list[str | None]:
        answer = matching.match(
            b"",
            "staff",
            threshold=0,
            max_matches=1,
            all_faces=False,
            by=by,
            metadata={"team": "red"},
        )
        return [match.person for match in answer.faces[0].matches]

    wait_until(lambda: found("person") and found("face"), what="searches to find the person")
    assert found("person") == ["person 29"]
    assert found("face") == ["person 29"]
    index.drop(bound.gallery_id)
