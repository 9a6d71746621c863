"""The service, by what lies in its buckets: this process does the work."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from core.collections.collection import Collection
from core.collections.erasing.receipts import Receipt
from core.collections.person_notes import ConsentNote
from core.collections.shown.collections import CollectionDescription, CollectionSummary
from core.collections.shown.faces import KnownFace
from core.collections.shown.people import PersonConsent, PersonFaces, PersonRenamed, PersonSummary
from core.errors import PersonNotFound
from core.ground.authors import TYPIST
from core.ports import PersonOrder, PersonPlace
from efr_cli.context import CliContext
from efr_cli.service.queries import MATCHES, Matcher, MatchQuery

_PAGE: Final = 1000


class ListedCollection(CollectionSummary):
    """A collection in the list of all; null is what is not counted."""

    state: Literal["active", "erasing"]
    persons: int | None = None
    faces: int | None = None
    expected_false_names: float | None = None


def all_collections(parts: CliContext) -> Iterator[Collection]:
    """Yield every collection, in order of ids."""
    after = ""
    while page := parts.collections.page(limit=_PAGE, after=after):
        yield from page
        after = page[-1].collection_id


@dataclass(frozen=True, kw_only=True)
class OwnService:
    """Does what the HTTP API does, without it; people are given by name or id."""

    parts: CliContext

    def collections(self, *, counts: bool) -> Iterator[ListedCollection]:
        """Yield every collection, in order of ids, also those that are being erased.

        ``counts`` tells whether to count what is in those that are not.
        """
        for collection in all_collections(self.parts):
            if counts and collection.state == "active":
                described = self._described(collection)
                yield ListedCollection(state="active", **dict(described))
            else:
                least = self.parts.likeness.least(collection)
                yield ListedCollection.of(collection, threshold=least, state=collection.state)

    def collection(self, collection_id: str) -> CollectionDescription:
        """Return a collection as it is now."""
        return self._described(self.parts.collections.fresh_if_empty(collection_id))

    def create_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        """Create an empty collection with a threshold, a rate and metadata."""
        made = self.parts.collections.create(collection_id, **fields)
        self.parts.audit.add("create_collection", TYPIST, collection_id=collection_id)
        return self._described(made)

    def change_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        """Change some fields of a collection."""
        changed = self.parts.collections.change(collection_id, fields)
        self.parts.audit.add("change_collection", TYPIST, collection_id=collection_id)
        return self._described(changed)

    def delete_collection(self, collection_id: str) -> Receipt:
        """Erase a collection for good."""
        return self.parts.erasure.collection(collection_id, TYPIST)

    def _described(self, collection: Collection) -> CollectionDescription:
        people, likeness = self.parts.people, self.parts.likeness
        return CollectionDescription.of(
            collection,
            threshold=likeness.least(collection),
            persons=people.count_people(collection),
            faces=people.count(collection),
            expected_false_names=likeness.expected_false_names(collection),
        )

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

    @contextmanager
    def matcher(self, query: MatchQuery, *, photos: int) -> Iterator[Matcher]:
        """Search for the faces of photos, which this process recognises meanwhile."""
        parts = self.parts
        parts.collections.get(query.collection_id)  # before any model is loaded
        processes = min(parts.threads, photos)
        with parts.recognizer(processes) as recognizer:
            matching = parts.matching(recognizer.recognise)
            match = partial(matching.match, max_matches=MATCHES, **vars(query))
            yield Matcher(match=match, threads=processes)
