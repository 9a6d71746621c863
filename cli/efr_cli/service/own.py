"""The service, by what lies in its buckets: this process does the work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.collections.erasing.receipts import Receipt
from core.collections.person_notes import ConsentNote
from core.collections.shown.faces import KnownFace
from core.collections.shown.people import PersonConsent, PersonFaces, PersonRenamed, PersonSummary
from core.errors import PersonNotFound
from core.ground.authors import TYPIST
from core.ports import PersonOrder, PersonPlace
from efr_cli.context import CliContext

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class OwnService:
    """Does what the HTTP API does, without it; people are given by name or id."""

    parts: CliContext

    def persons(
        self, collection_id: str, *, prefix: str = "", order: PersonOrder = "name"
    ) -> Iterator[PersonSummary]:
        """Yield the people of a collection."""
        after: PersonPlace | None = None
        while page := self.parts.persons.page(
            collection_id, limit=_PAGE, order=order, prefix=prefix, after=after
        ):
            yield from map(PersonSummary.of, page)
            after = page[-1].enrolled.place(order)

    def person(self, collection_id: str, named: str) -> PersonFaces:
        """Return what is known of a person, with all faces.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none.
        """
        parts = self.parts
        person = parts.persons.named(collection_id, named)
        faces = parts.people.faces_of(collection_id, person)
        record = parts.consents.record(collection_id, person)
        return PersonFaces(
            person=person,
            person_id=parts.persons.id_of(collection_id, person),
            metadata=record.metadata,
            cover=parts.persons.cover(collection_id, person, record),
            consent=record.consent,
            faces=[KnownFace.of(face) for face in faces],
            next_token=None,
        )

    def change_person(
        self, collection_id: str, named: str, fields: Mapping[str, Any]
    ) -> PersonRenamed:
        """Rename or describe a person; see `PersonChanges.change`."""
        person = self.parts.persons.named(collection_id, named)
        return self.parts.person_changes.change(collection_id, person, fields, TYPIST)

    def erase_person(self, collection_id: str, named: str) -> Receipt:
        """Erase a person for good."""
        person = self.parts.persons.named(collection_id, named)
        return self.parts.erasure.person(collection_id, person, TYPIST)

    def note_consent(self, collection_id: str, named: str, note: ConsentNote) -> PersonConsent:
        """Set the consent note of a person, instead of a former one."""
        person = self.parts.persons.named(collection_id, named)
        self.parts.consents.set(collection_id, person, note)
        self.parts.audit.add("consent", TYPIST, people=[person], collection_id=collection_id)
        return PersonConsent(person=person, consent=note)

    def consent(self, collection_id: str, named: str) -> ConsentNote | None:
        """Return the consent note of a person, None if there is none."""
        person = self.parts.persons.named(collection_id, named)
        if not self.parts.people.faces(collection_id, person=person, limit=1):
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        return self.parts.consents.of(collection_id, person)
