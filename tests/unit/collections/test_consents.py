"""Consent notes: kept with their person, moved with the name, erased with the person."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.erasing import build_erasure
from core.collections.person_notes import ConsentNote, PersonNotes
from core.errors import CollectionNotFound, PersonNotFound, StorageUnavailable
from core.ground.realms import Realm
from core.ground.storage_keys import CONSENTS
from core.settings import Settings
from core.testing import MemoryStore
from tests.support.faces import enrol, enrolled
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(_env_file=None)
SPRING = ConsentNote(text="Ada lets the door know her", date=date(2026, 4, 1), source="Form 17")
AUTUMN = ConsentNote(text="She still does", date=date(2026, 10, 1), source="Form 99")


class WatchedStore(MemoryStore):
    """A gallery bucket where something happens before or after the n-th write of a note."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.before: dict[int, Callable[[], object]] = {}
        self.after: dict[int, Callable[[], object]] = {}
        self.writes = 0

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        if CONSENTS not in key:
            return super().put_if(
                key, body, content_type=content_type, version=version, metadata=metadata
            )
        self.writes += 1
        number = self.writes
        self.before.pop(number, _nothing)()
        written = super().put_if(key, body, content_type=content_type, version=version)
        self.after.pop(number, _nothing)()
        return written


def _nothing() -> None:
    pass


@dataclass
class Family:
    """A collection of people, and processes of the service."""

    memory: MemoryInfrastructure = field(
        default_factory=lambda: MemoryInfrastructure(settings=SETTINGS)
    )

    def __post_init__(self) -> None:
        self.store = WatchedStore(self.memory.clock)
        self.memory.buckets[SETTINGS.s3_gallery_bucket] = self.store
        self.shared = self.another_process()
        self.shared.collections.create("family")

    def another_process(self) -> Shared:
        return Shared(SETTINGS, self.memory.joined())

    def enrol(self, *people: str) -> None:
        for number, person in enumerate(people):
            enrol(self.shared, enrolled(person, number, f"{person}-{number}"))

    def note(self, person: str, note: ConsentNote = SPRING) -> None:
        self.shared.consents.set("family", person, note)

    def noted(self, person: str) -> ConsentNote | None:
        return self.another_process().consents.of("family", person)

    def objects(self) -> list[str]:
        return self.store.keys(CONSENTS)

    def texts(self) -> int:
        """Count the objects that hold a note's text."""
        return sum(SPRING.text.encode() in self.store.objects[key] for key in self.objects())

    def erase(self, person: str = "Ada") -> None:
        build_erasure(self.another_process()).person("family", person)

    def rename(self, person: str = "Ada", new_name: str = "Eve") -> None:
        self.another_process().people.rename("family", person, new_name)


@pytest.fixture
def family() -> Family:
    return Family()


def test_note_is_shown_with_its_person_and_lies_under_no_name(family: Family) -> None:
    family.enrol("Ada", "Bob")
    family.note("Ada")

    assert family.noted("Ada") == SPRING
    assert family.noted("Bob") is None
    (key,) = family.objects()
    assert "Ada" not in key


def test_later_note_replaces_an_earlier_one(family: Family) -> None:
    family.enrol("Ada")
    family.note("Ada")
    family.note("Ada", AUTUMN)

    assert family.noted("Ada") == AUTUMN
    assert family.texts() == 0


def test_nobody_and_no_collection_get_no_note(family: Family) -> None:
    with pytest.raises(PersonNotFound):
        family.note("Ada")
    with pytest.raises(CollectionNotFound):
        family.shared.consents.set("work", "Ada", SPRING)

    assert family.objects() == []


def test_note_is_erased_with_its_person(family: Family) -> None:
    family.enrol("Ada", "Bob")
    family.note("Ada")
    family.note("Bob", AUTUMN)

    receipt = build_erasure(family.shared).person("family", "Ada")

    assert receipt.removed.consents == 1
    assert family.texts() == 0
    assert family.noted("Bob") == AUTUMN


def test_next_person_of_that_name_has_no_note(family: Family) -> None:
    family.enrol("Ada")
    family.note("Ada")
    family.erase()

    family.enrol("Ada")

    assert family.noted("Ada") is None
    family.note("Ada", AUTUMN)
    assert family.noted("Ada") == AUTUMN


def test_note_goes_with_the_last_face_and_not_before(family: Family) -> None:
    enrol(family.shared, enrolled("Ada", 0, "1"), enrolled("Ada", 1, "2"))
    family.note("Ada")

    build_erasure(family.shared).face("family", "1")
    assert family.noted("Ada") == SPRING
    receipt = build_erasure(family.shared).face("family", "2")

    assert receipt.removed.consents == 1
    assert family.objects() == []


def test_notes_are_erased_with_their_collection(family: Family) -> None:
    family.enrol("Ada", "Bob")
    family.note("Ada")
    family.note("Bob")

    assert build_erasure(family.shared).collection("family").removed.consents == 2
    assert family.objects() == []


@pytest.mark.parametrize("collection_id", ["..", ".", "a.of"])
def test_odd_collections_have_notes_too(family: Family, collection_id: str) -> None:
    family.shared.collections.create(collection_id)
    enrol(family.shared, enrolled("Ada", 0, "1"), collection_id=collection_id)

    family.shared.consents.set(collection_id, "Ada", SPRING)

    assert family.shared.consents.of(collection_id, "Ada") == SPRING
    assert family.noted("Ada") is None


def test_note_moves_to_the_new_name(family: Family) -> None:
    family.enrol("Ada")
    family.note("Ada")

    family.rename()

    assert family.noted("Eve") == SPRING
    assert family.noted("Ada") is None
    assert len(family.objects()) == 1


def test_name_may_be_given_back(family: Family) -> None:
    family.enrol("Ada")
    family.note("Ada")
    family.rename("Ada", "Eve")
    family.rename("Eve", "Ada")

    assert family.noted("Ada") == SPRING
    assert build_erasure(family.shared).person("family", "Ada").removed.consents == 1
    assert family.objects() == []


@pytest.mark.parametrize(("former", "present"), [(SPRING, AUTUMN), (AUTUMN, SPRING)])
def test_of_two_people_who_are_merged_the_later_note_stays(
    family: Family, former: ConsentNote, present: ConsentNote
) -> None:
    family.enrol("Ada", "Eve")
    family.note("Ada", former)
    family.note("Eve", present)

    family.rename()

    assert family.noted("Eve") == AUTUMN
    assert len(family.objects()) == 1


def test_merged_person_keeps_the_only_note(family: Family) -> None:
    family.enrol("Ada", "Eve")
    family.note("Eve")

    family.rename()

    assert family.noted("Eve") == SPRING


@pytest.mark.parametrize("moment", ["before", "after"])
def test_person_who_is_erased_while_a_note_is_set_has_none(family: Family, moment: str) -> None:
    family.enrol("Ada")
    getattr(family.store, moment)[1] = family.erase

    with pytest.raises(PersonNotFound):
        family.note("Ada")

    assert family.objects() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_note_of_an_erased_person_does_not_reach_the_next_one(family: Family, moment: str) -> None:
    def erase_and_enrol_again() -> None:
        family.erase()
        family.enrol("Ada")

    family.enrol("Ada")
    getattr(family.store, moment)[1] = erase_and_enrol_again

    with pytest.raises(PersonNotFound):
        family.note("Ada")

    assert family.noted("Ada") is None
    assert family.objects() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_person_who_is_renamed_while_a_note_is_set_has_it_under_the_new_name(
    family: Family, moment: str
) -> None:
    family.enrol("Ada")
    getattr(family.store, moment)[1] = family.rename

    family.note("Ada")

    assert family.noted("Eve") == SPRING
    assert family.noted("Ada") is None
    assert family.texts() == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("person", ["Ada", "Eve"])
@pytest.mark.parametrize("write", [1, 2])
def test_person_who_is_erased_while_being_renamed_has_no_note(
    family: Family, moment: str, person: str, write: int
) -> None:
    def erase() -> None:
        with suppress(PersonNotFound):
            family.erase(person)

    family.enrol("Ada")
    family.note("Ada")
    family.store.writes = 0
    getattr(family.store, moment)[write] = erase

    with suppress(PersonNotFound):
        family.rename()

    if not family.shared.people.faces("family", limit=10):
        assert family.texts() == 0


def test_collection_that_is_erased_while_a_note_is_set_keeps_none(family: Family) -> None:
    family.enrol("Ada")
    family.store.before[1] = lambda: build_erasure(family.another_process()).collection("family")

    with pytest.raises(CollectionNotFound):
        family.note("Ada")

    assert family.objects() == []


@pytest.mark.parametrize("write", [1, 2])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_note_of_a_renaming_that_broke_off_is_erased_with_the_new_name(
    family: Family, moment: str, write: int
) -> None:
    def break_off() -> None:
        raise StorageUnavailable("the process was killed")

    family.enrol("Ada")
    family.note("Ada")
    family.store.writes = 0
    getattr(family.store, moment)[write] = break_off
    with pytest.raises(StorageUnavailable):
        family.rename()

    is_renamed = write == 2
    if is_renamed:
        assert family.noted("Eve") == SPRING
    family.erase("Eve" if is_renamed else "Ada")

    assert family.texts() == 0


def test_note_that_a_killed_process_left_is_not_shown(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family.enrol("Ada")
    family.store.before[1] = family.erase
    monkeypatch.setattr(PersonNotes, "remove", lambda *_: False)
    with pytest.raises(PersonNotFound):
        family.note("Ada")
    assert family.texts() == 1
    monkeypatch.undo()

    family.enrol("Ada")

    assert family.noted("Ada") is None
    family.erase()
    assert family.objects() == []


def test_note_that_came_earlier_stays_unless_it_is_to_be_replaced(family: Family) -> None:
    family.enrol("Ada")
    family.note("Ada")

    family.shared.consents.set("family", "Ada", AUTUMN, replace=False)

    assert family.noted("Ada") == SPRING


def test_note_that_was_wanted_before_an_erasure_is_left_out(family: Family) -> None:
    family.enrol("Ada")
    wanted_at = datetime.fromtimestamp(int(family.memory.clock()), UTC)
    family.erase()
    family.enrol("Ada")

    with pytest.raises(PersonNotFound):
        family.shared.consents.set("family", "Ada", SPRING, accepted_at=wanted_at)

    assert family.objects() == []


def test_notes_of_another_tenant_are_not_there(family: Family) -> None:
    other = family.shared.of(Realm("other"))
    other.collections.create("family")
    enrol(other, enrolled("Ada", 0, "1"))
    other.consents.set("family", "Ada", SPRING)

    family.enrol("Ada")
    assert family.noted("Ada") is None
    assert build_erasure(family.shared).person("family", "Ada").removed.consents == 0
    assert other.consents.of("family", "Ada") == SPRING
