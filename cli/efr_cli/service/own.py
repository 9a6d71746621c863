"""The service, by what lies in its buckets: this process does the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from core.collections.shown.collections import CollectionDescription
from core.collections.shown.faces import KnownFace
from core.collections.shown.people import PersonConsent, PersonFaces, PersonRenamed, PersonSummary
from core.errors import PersonNotFound
from core.ground.authors import TYPIST
from efr_cli.service.port import ListedCollection
from efr_cli.service.queries import MATCHES, Matcher, MatchQuery

if TYPE_CHECKING:
    from core.access.audit_trail import Action
    from core.collections.collection import Collection
    from core.collections.erasing.receipts import Receipt
    from core.collections.person_notes import ConsentNote
    from core.collections.unknown.listing import GroupPage
    from core.collections.unknown.naming import Named
    from core.ports import PersonOrder, PersonPlace
    from efr_cli.context import CliContext

_PAGE: Final = 1000


def all_collections(parts: CliContext) -> Iterator[Collection]:
    """Yield every collection, in order of ids."""
    after = ""
    while page := parts.collections.page(limit=_PAGE, after=after):
        yield from page
        after = page[-1].collection_id


@dataclass(frozen=True, kw_only=True)
class OwnService:
    """A `Service` that does what the HTTP API does, without it."""

    parts: CliContext

    def collections(self, *, counts: bool) -> Iterator[ListedCollection]:
        for collection in all_collections(self.parts):
            if counts and collection.state == "active":
                described = self._described(collection)
                yield ListedCollection(state="active", **dict(described))
            else:
                least = self.parts.likeness.least(collection)
                yield ListedCollection.of(collection, threshold=least, state=collection.state)

    def collection(self, collection_id: str) -> CollectionDescription:
        return self._described(self.parts.collections.fresh_if_empty(collection_id))

    def create_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        made = self.parts.collections.create(collection_id, **fields)
        self.parts.audit.add("create_collection", TYPIST, collection_id=collection_id)
        return self._described(made)

    def change_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        changed = self.parts.collections.change(collection_id, fields)
        self.parts.audit.add("change_collection", TYPIST, collection_id=collection_id)
        return self._described(changed)

    def delete_collection(self, collection_id: str) -> Receipt:
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
        self, collection_id: str, *, prefix: str, order: PersonOrder
    ) -> Iterator[PersonSummary]:
        after: PersonPlace | None = None
        while True:
            page = self.parts.persons.page(
                collection_id, limit=_PAGE, order=order, prefix=prefix, after=after
            )
            yield from map(PersonSummary.of, page)
            if len(page) < _PAGE:  # a further look would read the names of all faces once more
                return
            after = page[-1].enrolled.place(order)

    def person(self, collection_id: str, named: str) -> PersonFaces:
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
        person = self.parts.persons.named(collection_id, named)
        return self.parts.person_changes.change(collection_id, person, fields, TYPIST)

    def erase_person(self, collection_id: str, named: str) -> Receipt:
        person = self.parts.persons.named(collection_id, named)
        return self.parts.erasure.person(collection_id, person, TYPIST)

    def note_consent(self, collection_id: str, named: str, note: ConsentNote) -> PersonConsent:
        person = self.parts.persons.named(collection_id, named)
        self.parts.consents.set(collection_id, person, note)
        self.parts.audit.add("consent", TYPIST, people=[person], collection_id=collection_id)
        return PersonConsent(person=person, consent=note)

    def consent(self, collection_id: str, named: str) -> ConsentNote | None:
        person = self.parts.persons.named(collection_id, named)
        if not self.parts.people.faces(collection_id, person=person, limit=1):
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        return self.parts.consents.of(collection_id, person)

    def groups(self, collection_id: str, *, limit: int, ignored: bool) -> GroupPage:
        return self.parts.unknown_faces.listing.page(collection_id, limit=limit, ignored=ignored)

    def name_group(
        self, collection_id: str, group_id: str, person: str, *, without: Sequence[str]
    ) -> Named:
        named = self.parts.unknown_faces.naming.name(
            collection_id, group_id, person, without=frozenset(without)
        )
        self.parts.audit.add(
            "name_group",
            TYPIST,
            people=[person],
            collection_id=collection_id,
            counts={"faces": named.faces},
        )
        return named

    def ignore_group(self, collection_id: str, group_id: str, *, ignored: bool) -> int:
        naming = self.parts.unknown_faces.naming
        change = naming.ignore if ignored else naming.unignore
        faces = change(collection_id, group_id)
        action: Action = "ignore_group" if ignored else "unignore_group"
        self.parts.audit.add(action, TYPIST, collection_id=collection_id, counts={"faces": faces})
        return faces

    def receipt(self, receipt_id: str) -> Receipt:
        return self.parts.receipts.get(receipt_id)

    @contextmanager
    def matcher(self, query: MatchQuery, *, photos: int) -> Iterator[Matcher]:
        parts = self.parts
        parts.collections.get(query.collection_id)  # before any model is loaded
        processes = min(parts.threads, photos)
        with parts.recognizer(processes) as recognizer:
            matching = parts.matching(recognizer.recognise)
            match = partial(matching.match, max_matches=MATCHES, **vars(query))
            yield Matcher(match=match, threads=processes)
