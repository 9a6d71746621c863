"""What users do with enrolled faces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from core.bootstrap.shared import Shared
from core.collections.people import People, Renamed
from core.errors import CollectionNotFound, FaceNotFound, PersonNotFound, PersonRejected
from core.ports import EnrolledFace
from core.settings import Settings
from tests.support.faces import enrol, enrolled
from tests.support.infrastructure import MemoryInfrastructure

NOT_ADA = frozenset({"Ada"})
SETTLE_S = 2.5


@dataclass(frozen=True)
class Family:
    shared: Shared

    @property
    def people(self) -> People:
        return self.shared.people

    def enrol(self, *faces: EnrolledFace) -> None:
        enrol(self.shared, *faces)

    def names(self) -> dict[str, str | None]:
        return {face.face_id: face.person for face in self.people.faces("family", limit=10_000)}


@pytest.fixture
def family() -> Family:
    family = Family(MemoryInfrastructure().shared())
    family.people.collections.create("family")
    return family


def test_faces_are_listed_in_pages_of_all_or_one_person(family: Family) -> None:
    family.enrol(enrolled("Ada", 0, "1"), enrolled("Bob", 1, "2"), enrolled("Ada", 2, "3"))

    def listed(**page: str | int) -> list[str]:
        found = family.people.faces("family", **{"limit": 2, **page})  # type: ignore[arg-type]
        return [face.face_id for face in found]

    assert listed() == ["1", "2"]
    assert listed(after="2") == ["3"]
    assert listed(person="Ada") == ["1", "3"]


def test_collection_without_faces_lists_and_counts_none(family: Family) -> None:
    assert family.people.faces("family", limit=10) == []
    assert family.people.count(family.people.collections.get("family")) == 0


def test_faces_are_found_by_a_process_that_just_saw_the_collection_empty() -> None:
    memory = MemoryInfrastructure(settings=Settings(_env_file=None, gallery_refresh_seconds=1000))
    people, others = Family(memory.shared()), Family(memory.shared())
    people.people.collections.create("family")
    assert people.names() == {}

    others.enrol(enrolled("Ada", 0, "1"))

    assert people.names() == {"1": "Ada"}
    assert people.people.face("family", "1").person == "Ada"


def test_faces_are_counted(family: Family) -> None:
    family.enrol(enrolled("Ada", 0, "1"), enrolled(None, 1, "2"))

    assert family.people.count(family.people.collections.get("family")) == 2


def test_unknown_face_person_and_collection_are_not_found(family: Family) -> None:
    with pytest.raises(FaceNotFound, match="no face 9"):
        family.people.face("family", "9")
    family.enrol(enrolled("Ada", 0, "1"))
    with pytest.raises(FaceNotFound):
        family.people.face("family", "9")
    with pytest.raises(PersonNotFound, match="Bob"):
        family.people.faces_of("family", "Bob")
    with pytest.raises(CollectionNotFound):
        family.people.faces("nobody-made-it", limit=1)


def test_all_faces_of_a_person_are_found_over_many_pages(family: Family) -> None:
    family.enrol(*(enrolled("Ada", n, f"{n:04}") for n in range(2_500)), enrolled("Bob", 0, "b"))

    assert len(family.people.faces_of("family", "Ada")) == 2_500


def test_renaming_reaches_every_face(family: Family) -> None:
    family.enrol(*(enrolled("Ada", n, f"{n:04}") for n in range(2_500)), enrolled("Bob", 0, "b"))

    assert family.people.rename("family", "Ada", "Ada Lovelace") == Renamed(
        faces=2_500, is_merge=False
    )
    assert set(family.names().values()) == {"Ada Lovelace", "Bob"}


def test_renaming_onto_an_enrolled_person_merges(family: Family) -> None:
    family.enrol(enrolled("Adda", 0, "1"), enrolled("Ada", 1, "2"))

    family.people.rename("family", "Adda", "Ada")

    assert family.names() == {"1": "Ada", "2": "Ada"}


def test_merging_does_not_give_a_face_to_whom_it_is_said_not_to_be(family: Family) -> None:
    family.enrol(enrolled("Bob", 0, "1", rejected=NOT_ADA), enrolled("Bob", 1, "2"))

    family.people.rename("family", "Bob", "Ada")

    assert family.names() == {"1": None, "2": "Ada"}


def test_renaming_nobody_is_not_found(family: Family) -> None:
    with pytest.raises(PersonNotFound):
        family.people.rename("family", "Ada", "Bob")


def test_reassigned_face_is_the_other_persons(family: Family) -> None:
    family.enrol(enrolled("Ada", 0, "1"), enrolled(None, 1, "2"))

    assert family.people.reassign("family", "1", "Bob").person == "Bob"
    family.people.reassign("family", "2", "Bob")

    assert family.names() == {"1": "Bob", "2": "Bob"}


def test_face_is_not_given_to_whom_it_is_said_not_to_be(family: Family) -> None:
    family.enrol(enrolled("Bob", 0, "1", rejected=NOT_ADA))

    with pytest.raises(PersonRejected, match="Ada"):
        family.people.reassign("family", "1", "Ada")

    assert family.names() == {"1": "Bob"}
    collections = family.people.collections
    assert not collections.erased(collections.now("family")).records


@pytest.mark.parametrize(("person", "left"), [("Ada", None), ("Bob", "Bob")])
def test_rejection_takes_only_that_name_and_is_remembered(
    family: Family, person: str, left: str | None
) -> None:
    family.enrol(enrolled(person, 0, "1"))

    rejected = family.people.reject("family", "1", "Ada")

    assert (rejected.person, rejected.rejected) == (left, NOT_ADA)
    assert family.people.face("family", "1") == rejected


def test_rejections_add_up(family: Family) -> None:
    family.enrol(enrolled(None, 0, "1", rejected=NOT_ADA))

    assert family.people.reject("family", "1", "Bob").rejected == {"Ada", "Bob"}


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.rename("family", "Ada", "Bob"),
        lambda people: people.reject("family", "1", "Ada"),
    ],
    ids=["rename", "reject"],
)
def test_name_that_is_taken_away_is_known_to_all_processes_before_the_answer(
    family: Family, change: Callable[[People], object]
) -> None:
    family.enrol(enrolled("Ada", 0, "1"))
    slept: list[tuple[float, set[str | None]]] = []

    def sleep(seconds: float) -> None:
        slept.append((seconds, set(family.names().values())))

    change(replace(family.people, sleep=sleep))

    ((seconds, names),) = slept
    assert seconds == SETTLE_S
    assert "Ada" not in names


def test_unknown_face_is_neither_reassigned_nor_rejected(family: Family) -> None:
    with pytest.raises(FaceNotFound):
        family.people.reassign("family", "1", "Ada")
    with pytest.raises(FaceNotFound):
        family.people.reject("family", "1", "Ada")


def erasing(family: Family, *face_ids: str) -> Callable[[str, Sequence[EnrolledFace]], None]:
    """Return a way to store faces before which others erase some."""
    people, put = family.people, family.people.index.put

    def erase_then_put(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        people.collections.record(
            "family", lambda log, now: log.with_record("1", at=now, face_ids=face_ids)
        )
        people.index.erase(gallery_id, face_ids)
        put(gallery_id, faces)

    return erase_then_put


def test_faces_that_are_erased_while_they_are_renamed_stay_erased(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family.enrol(enrolled("Ada", 0, "1"), enrolled("Ada", 1, "2"))
    monkeypatch.setattr(family.people.index, "put", erasing(family, "1"))

    assert family.people.rename("family", "Ada", "Bob") == Renamed(faces=1, is_merge=False)

    assert family.names() == {"2": "Bob"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda people: people.rename("family", "Ada", "Bob"), PersonNotFound),
        (lambda people: people.reassign("family", "1", "Bob"), FaceNotFound),
        (lambda people: people.reject("family", "1", "Bob"), FaceNotFound),
    ],
    ids=["rename", "reassign", "reject"],
)
def test_face_that_is_erased_while_it_is_changed_is_not_found(
    family: Family,
    change: Callable[[People], object],
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family.enrol(enrolled("Ada", 0, "1"))
    monkeypatch.setattr(family.people.index, "put", erasing(family, "1"))

    with pytest.raises(error):
        change(family.people)

    assert family.names() == {}


def saying_first(
    family: Family, monkeypatch: pytest.MonkeyPatch, say: Callable[[People], object]
) -> None:
    """Let others say something just before faces are stored for the first time from now on."""
    put = family.people.index.put

    def say_then_put(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        monkeypatch.setattr(family.people.index, "put", put)
        say(family.people)
        put(gallery_id, faces)

    monkeypatch.setattr(family.people.index, "put", say_then_put)


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.rename("family", "Ada", "Bob"),
        lambda people: people.reassign("family", "1", "Bob"),
    ],
    ids=["rename", "reassign"],
)
def test_rejection_of_the_new_name_while_a_face_gets_it_is_kept(
    family: Family, change: Callable[[People], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    family.enrol(enrolled("Ada", 0, "1"))
    saying_first(family, monkeypatch, lambda people: people.reject("family", "1", "Bob"))

    change(family.people)

    assert family.names() == {"1": None}
    assert family.people.face("family", "1").rejected == {"Bob"}


def test_renaming_while_a_face_is_rejected_is_kept(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family.enrol(enrolled("Ada", 0, "1"))
    saying_first(family, monkeypatch, lambda people: people.rename("family", "Ada", "Ada King"))

    family.people.reject("family", "1", "Eve")

    assert family.names() == {"1": "Ada King"}
    assert family.people.face("family", "1").rejected == {"Eve"}


def test_reassignment_while_its_person_is_renamed_is_kept(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family.enrol(enrolled("Ada", 0, "1"), enrolled("Ada", 1, "2"))
    saying_first(family, monkeypatch, lambda people: people.reassign("family", "1", "Bob"))

    family.people.rename("family", "Ada", "Ada King")

    assert family.names() == {"1": "Bob", "2": "Ada King"}
