"""The contract of FaceIndex, on every engine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from core.errors import CollectionNotFound
from core.faces.geometry import Box
from core.ports import EnrolledFace, EnrolledPerson, FaceIndex, Match, PersonOrder
from harness.waiting import wait_until
from tests.support.indexes import (
    LENGTH,
    face_at,
    ids_page_by_page,
    new_face_id,
    new_gallery,
    point,
    stored_as,
)

pytestmark = pytest.mark.filterwarnings(
    # The client's own engine, which stands for a server here, has no payload indexes.
    "ignore:Payload indexes have no effect in the local Qdrant:UserWarning"
)

ODD_NAMES = [
    "O'Brien",
    'Ada "the first" Lovelace',
    "back\\slash\\",
    "Łucja 王 🙂",
    "x' OR '1'='1",
    "%_*?",
    "{person} $eq null",
]


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """One gallery of an index, and searches that wait until they may be expected to succeed."""

    index: FaceIndex
    gallery_id: str

    def put(self, *faces: EnrolledFace) -> None:
        self.index.put(self.gallery_id, faces)

    def get(self, *face_ids: str) -> list[EnrolledFace]:
        return self.index.get(self.gallery_id, face_ids)

    def erase(self, *face_ids: str) -> None:
        self.index.erase(self.gallery_id, face_ids)

    def search(self, position: float, *, limit: int = 10) -> list[Match]:
        return self.index.search(self.gallery_id, point(position)[None], limit=limit)[0]

    def ids(self, *, person: str | None = None) -> list[str]:
        page = self.index.page(self.gallery_id, limit=100, person=person)
        return [face.face_id for face in page]

    def wait_for_nearest(self, position: float, *face_ids: str) -> list[Match]:
        """Return what a search finds, once it is exactly these, nearest first."""
        wait_until(
            lambda: [match.face_id for match in self.search(position)] == list(face_ids),
            what="the search to find what is enrolled",
        )
        return self.search(position)


@pytest.fixture
def gallery(index: FaceIndex) -> Iterator[Gallery]:
    made = Gallery(index=index, gallery_id=new_gallery())
    index.create(made.gallery_id, length=LENGTH)
    yield made
    index.drop(made.gallery_id)


def test_face_that_was_put_is_found(gallery: Gallery) -> None:
    ada = face_at(1, person="Ada")

    gallery.put(ada)

    (match,) = gallery.wait_for_nearest(3, ada.face_id)
    assert match.person == "Ada"
    assert match.distance == pytest.approx(2, abs=1e-5)


def test_faces_without_a_person_are_listed(gallery: Gallery) -> None:
    stranger = replace(face_at(1, person=None), job_id="a-job", rejected=frozenset({"Ada"}))
    gallery.put(stranger, face_at(2, person="Ada"), face_at(3, person=None))

    listed = {face.face_id: face for face in gallery.index.unnamed(gallery.gallery_id)}

    assert len(listed) == 2
    found = listed[stranger.face_id]
    assert (found.job_id, found.rejected) == ("a-job", frozenset({"Ada"}))


def test_face_put_again_is_replaced_and_never_doubled(gallery: Gallery) -> None:
    ada = face_at(1, person="Ada")
    gallery.put(ada)
    gallery.wait_for_nearest(0, ada.face_id)

    gallery.put(replace(ada, person="Ada Lovelace", embedding=point(5)))

    wait_until(lambda: gallery.search(5)[0].distance < 1e-3, what="the new embedding to be found")
    assert [match.person for match in gallery.search(5)] == ["Ada Lovelace"]
    assert gallery.index.count(gallery.gallery_id) == 1
    assert [face.person for face in gallery.get(ada.face_id)] == ["Ada Lovelace"]


def test_refreshed_search_knows_all_that_was_stored_before(gallery: Gallery) -> None:
    ada, bob = face_at(1), face_at(2)
    gallery.put(ada, bob)
    gallery.wait_for_nearest(0, ada.face_id, bob.face_id)

    gallery.erase(ada.face_id)
    gallery.index.refresh(gallery.gallery_id, max_age_s=0)

    assert [match.face_id for match in gallery.search(0)] == [bob.face_id]


def test_nearest_face_comes_first(gallery: Gallery) -> None:
    far, near, middle = face_at(9), face_at(1), face_at(4)

    gallery.put(far, near, middle)

    matches = gallery.wait_for_nearest(0, near.face_id, middle.face_id, far.face_id)
    assert [match.distance for match in matches] == pytest.approx([1, 4, 9], abs=1e-5)


def test_search_returns_no_more_than_the_limit(gallery: Gallery) -> None:
    faces = [face_at(position) for position in range(5)]
    gallery.put(*faces)
    gallery.wait_for_nearest(-1, *(face.face_id for face in faces))

    assert [match.face_id for match in gallery.search(-1, limit=2)] == [
        faces[0].face_id,
        faces[1].face_id,
    ]


def test_empty_gallery_has_no_match(gallery: Gallery) -> None:
    assert gallery.search(0) == []
    assert gallery.ids() == []
    assert gallery.index.count(gallery.gallery_id) == 0


def test_several_probes_have_an_answer_each(gallery: Gallery) -> None:
    left, right = face_at(0), face_at(10)
    gallery.put(left, right)
    gallery.wait_for_nearest(0, left.face_id, right.face_id)

    probes = np.stack([point(1), point(9), point(-2)])
    answers = gallery.index.search(gallery.gallery_id, probes, limit=1)

    assert [[match.face_id for match in answer] for answer in answers] == [
        [left.face_id],
        [right.face_id],
        [left.face_id],
    ]


def test_probes_are_not_modified(gallery: Gallery) -> None:
    gallery.put(face_at(1))
    probes = np.random.default_rng(1).random((3, LENGTH), dtype=np.float32)
    before = probes.copy()

    gallery.index.search(gallery.gallery_id, probes, limit=1)

    assert np.array_equal(probes, before)


def test_search_without_probes_has_no_answer(gallery: Gallery) -> None:
    gallery.put(face_at(1))

    nothing = np.empty((0, LENGTH), dtype=np.float32)

    assert gallery.index.search(gallery.gallery_id, nothing, limit=1) == []


def test_galleries_do_not_see_each_other(index: FaceIndex, gallery: Gallery) -> None:
    other = Gallery(index=index, gallery_id=new_gallery())
    index.create(other.gallery_id, length=LENGTH)
    ada = face_at(1)

    gallery.put(ada)

    gallery.wait_for_nearest(1, ada.face_id)
    assert other.search(1) == []
    assert other.get(ada.face_id) == []
    assert other.ids() == []
    assert other.index.count(other.gallery_id) == 0
    other.erase(ada.face_id)
    assert gallery.ids() == [ada.face_id]
    index.drop(other.gallery_id)
    assert gallery.ids() == [ada.face_id]


def test_everything_known_of_a_face_survives(gallery: Gallery) -> None:
    face = EnrolledFace(
        face_id=new_face_id(),
        person="Łucja 王 🙂",
        image_id="c:\\album\\'1\".jpg",
        embedding=np.random.default_rng(2).standard_normal(LENGTH).astype(np.float32),
        metadata={"place": 'Łódź "centre"', "": "", "null": "null"},
        rejected=frozenset({"O'Brien", "Bob 🙂"}),
        job_id="8f323fc7-d47f-4792-bd59-413577fc04bf",
        box=Box(left=0.1, top=2, right=33.7, bottom=44),
        quality=71.3,
        enrolled_at=datetime(2026, 11, 30, 12, 30, 1, 250_000, tzinfo=UTC),
    )

    gallery.put(face)

    (stored,) = gallery.get(face.face_id)
    assert replace(stored, embedding=face.embedding) == face
    assert stored.embedding.dtype == np.float32
    assert np.array_equal(stored.embedding, face.embedding)


def test_face_without_person_metadata_and_job_survives(gallery: Gallery) -> None:
    nobody = face_at(1, person=None)

    gallery.put(nobody)

    (stored,) = gallery.get(nobody.face_id)
    assert replace(stored, embedding=nobody.embedding) == nobody
    (match,) = gallery.wait_for_nearest(1, nobody.face_id)
    assert match.person is None


def test_gallery_of_this_version_lacks_nothing(gallery: Gallery) -> None:
    gallery.put(face_at(1))

    assert not gallery.index.is_outdated(gallery.gallery_id)
    assert not gallery.index.upgrade(gallery.gallery_id)


def test_match_tells_who_was_rejected(gallery: Gallery) -> None:
    face = replace(face_at(1, person=None), rejected=frozenset({"Bob", "Eve"}))

    gallery.put(face)

    (match,) = gallery.wait_for_nearest(1, face.face_id)
    assert match.rejected == {"Bob", "Eve"}


def test_get_returns_only_what_is_enrolled(gallery: Gallery) -> None:
    ada, bob = face_at(1), face_at(2)
    gallery.put(ada, bob)

    found = gallery.get(bob.face_id, new_face_id(), bob.face_id, "no-id", "' OR ''='")

    assert [face.face_id for face in found] == [bob.face_id]
    assert gallery.get() == []


def test_pages_hold_every_face_once_in_order_of_ids(gallery: Gallery) -> None:
    faces = [face_at(position) for position in range(7)]
    gallery.put(*faces)

    seen = ids_page_by_page(gallery.index, gallery.gallery_id, limit=3)

    assert seen == sorted(face.face_id for face in faces)


def test_page_begins_behind_an_id_that_is_no_longer_there(gallery: Gallery) -> None:
    faces = sorted((face_at(n) for n in range(3)), key=lambda face: face.face_id)
    gallery.put(*faces)
    gallery.erase(faces[1].face_id)

    page = gallery.index.page(gallery.gallery_id, limit=10, after=faces[1].face_id)

    assert [face.face_id for face in page] == [faces[2].face_id]


def test_page_holds_embeddings_and_persons(gallery: Gallery) -> None:
    ada = face_at(3, person="Ada")
    gallery.put(ada)

    (face,) = gallery.index.page(gallery.gallery_id, limit=10)

    assert face.person == "Ada"
    assert np.array_equal(face.embedding, ada.embedding)


def test_page_of_a_person_holds_exactly_their_faces(gallery: Gallery) -> None:
    faces = {name: face_at(n, person=name) for n, name in enumerate(ODD_NAMES)}
    gallery.put(*faces.values(), face_at(50, person="Ada"), face_at(51, person=None))

    for name, face in faces.items():
        assert gallery.ids(person=name) == [face.face_id], name
    assert gallery.ids(person="nobody' OR person != '") == []


def test_face_that_was_stored_in_another_spelling_is_read_and_found_in_one(
    gallery: Gallery,
) -> None:
    name, other_name = "Zo\u00eb M\u00fcller", "\u00c5sa"
    older = stored_as(face_at(1), "Zoe\u0308 Mu\u0308ller", rejected={"A\u030asa"})
    newer = face_at(2, person=name)
    strangers = face_at(3, person="Zoe Muller"), face_at(4, person=other_name)
    gallery.put(older, newer, *strangers)

    assert set(gallery.ids(person=name)) == {older.face_id, newer.face_id}
    assert gallery.ids(person=other_name) == [strangers[1].face_id]
    (read,) = gallery.get(older.face_id)
    assert read.person == name
    assert read.rejected == {other_name}
    nearest = gallery.wait_for_nearest(0, *(face.face_id for face in (older, newer, *strangers)))
    assert nearest[0].person == name
    assert nearest[0].rejected == {other_name}


def test_pages_of_a_person_hold_every_face_once(gallery: Gallery) -> None:
    faces = [face_at(position, person="Ada") for position in range(5)]
    gallery.put(*faces, face_at(9, person="Bob"))

    seen = ids_page_by_page(gallery.index, gallery.gallery_id, limit=2, person="Ada")

    assert seen == sorted(face.face_id for face in faces)


def test_erased_faces_are_gone_and_the_others_stay(gallery: Gallery) -> None:
    ada, bob, eve = face_at(1), face_at(2), face_at(3)
    gallery.put(ada, bob, eve)
    gallery.wait_for_nearest(0, ada.face_id, bob.face_id, eve.face_id)

    gallery.erase(ada.face_id, eve.face_id)

    gallery.wait_for_nearest(0, bob.face_id)
    assert gallery.get(ada.face_id, bob.face_id)[0].face_id == bob.face_id
    assert gallery.ids() == [bob.face_id]
    assert gallery.index.count(gallery.gallery_id) == 1


def test_erasing_unknown_faces_is_no_error(gallery: Gallery) -> None:
    ada = face_at(1)
    gallery.put(ada)

    gallery.erase(new_face_id(), "no-id", "' OR ''='")
    gallery.erase()

    assert gallery.ids() == [ada.face_id]


def test_erased_face_can_be_put_again(gallery: Gallery) -> None:
    ada = face_at(1)
    gallery.put(ada)
    gallery.erase(ada.face_id)
    assert gallery.ids() == []

    gallery.put(ada)

    gallery.wait_for_nearest(1, ada.face_id)
    assert gallery.ids() == [ada.face_id]


def test_making_a_gallery_twice_does_no_harm(gallery: Gallery) -> None:
    ada = face_at(1)
    gallery.put(ada)

    gallery.index.create(gallery.gallery_id, length=LENGTH)

    assert gallery.ids() == [ada.face_id]


def test_dropped_gallery_is_not_found_and_comes_back_empty(gallery: Gallery) -> None:
    ada = face_at(1)
    gallery.put(ada)
    gallery.wait_for_nearest(1, ada.face_id)

    gallery.index.drop(gallery.gallery_id)

    with pytest.raises(CollectionNotFound):
        gallery.search(1)
    gallery.index.create(gallery.gallery_id, length=LENGTH)
    assert gallery.ids() == []
    gallery.wait_for_nearest(1)


def test_unknown_gallery_is_not_found(index: FaceIndex) -> None:
    unknown = Gallery(index=index, gallery_id=new_gallery())

    for call in (
        lambda: unknown.put(face_at(1)),
        unknown.put,
        lambda: unknown.get(new_face_id()),
        unknown.get,
        lambda: unknown.ids(),
        lambda: unknown.ids(person="Ada"),
        lambda: unknown.erase(new_face_id()),
        lambda: index.unnamed(unknown.gallery_id),
        lambda: index.count(unknown.gallery_id),
        lambda: unknown.search(1),
        lambda: index.search(unknown.gallery_id, np.empty((0, LENGTH), np.float32), limit=1),
    ):
        with pytest.raises(CollectionNotFound):
            call()


def test_dropping_an_unknown_gallery_is_no_error(index: FaceIndex) -> None:
    unknown = new_gallery()

    index.drop(unknown)

    with pytest.raises(CollectionNotFound):
        index.count(unknown)


def test_threads_may_put_and_search_at_once(gallery: Gallery) -> None:
    faces = [face_at(position) for position in range(24)]

    def put_and_search(face: EnrolledFace) -> None:
        gallery.put(face)
        gallery.search(0, limit=3)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put_and_search, faces))

    wait_until(
        lambda: len(gallery.search(0, limit=100)) == len(faces), what="all faces to be found"
    )
    assert gallery.ids() == sorted(face.face_id for face in faces)


def test_people_are_listed_with_their_faces(gallery: Gallery) -> None:
    def at(minute: int) -> datetime:
        return datetime(2026, 11, 30, 12, minute, tzinfo=UTC)

    poor = replace(face_at(1, person="Ada"), quality=20.0, enrolled_at=at(5))
    good = replace(face_at(2, person="Ada"), quality=90.0, enrolled_at=at(9))
    old = replace(face_at(3, person="Ada"), quality=None, enrolled_at=None)
    gallery.put(poor, good, old, face_at(4, person="Łucja 王 🙂"), face_at(5, person=None))
    wait_until(lambda: gallery.index.count(gallery.gallery_id) == 5, what="all faces to count")

    ada, other = gallery.index.persons(gallery.gallery_id, limit=10)

    assert ada == EnrolledPerson(
        person="Ada", faces=3, cover=good.face_id, first_enrolled_at=at(5), last_enrolled_at=at(9)
    )
    assert (other.person, other.faces, other.last_enrolled_at) == ("Łucja 王 🙂", 1, None)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["Ada", "Bob", "Eve", "adam"]),
        ("faces", ["Eve", "Bob", "Ada", "adam"]),
        ("last_enrolled", ["Bob", "adam", "Ada", "Eve"]),
    ],
)
def test_people_are_listed_page_by_page_in_an_order(
    gallery: Gallery, order: PersonOrder, names: list[str]
) -> None:
    minutes = {"Ada": 1, "Bob": 9, "adam": 5}
    for name, faces in {"Ada": 1, "Bob": 2, "Eve": 3, "adam": 1}.items():
        made = [face_at(number, person=name) for number in range(faces)]
        if name in minutes:
            when = datetime(2026, 11, 30, 12, minutes[name], 1, 250, tzinfo=UTC)
            made = [replace(face, enrolled_at=when) for face in made]
        gallery.put(*made)
    wait_until(lambda: gallery.index.count(gallery.gallery_id) == 7, what="all faces to count")

    def pages() -> list[str]:
        found: list[EnrolledPerson] = []
        while page := gallery.index.persons(
            gallery.gallery_id,
            limit=3,
            order=order,
            after=found[-1].place(order) if found else None,
        ):
            found += page
        return [each.person for each in found]

    assert pages() == names
    begin = gallery.index.persons(gallery.gallery_id, limit=9, order=order, prefix="aD")
    assert [each.person for each in begin] == [name for name in names if name in ("Ada", "adam")]


def test_gallery_without_a_name_lists_nobody(gallery: Gallery) -> None:
    assert gallery.index.persons(gallery.gallery_id, limit=10) == []
    gallery.put(face_at(1, person=None))
    assert gallery.index.persons(gallery.gallery_id, limit=10) == []


def test_names_that_older_versions_stored_are_listed_in_one_spelling(gallery: Gallery) -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    gallery.put(face_at(1, person=composed), stored_as(face_at(2), decomposed))
    wait_until(lambda: gallery.index.count(gallery.gallery_id) == 2, what="both faces to count")

    (zoe,) = gallery.index.persons(gallery.gallery_id, limit=10)

    assert (zoe.person, zoe.faces) == (composed, 2)
