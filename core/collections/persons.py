"""The people of collections, as those see them who sort and name faces."""

from dataclasses import dataclass

from core.collections.consents import Consents, PersonRecord
from core.collections.person_ids import PersonIds
from core.collections.registry import Collections
from core.ground.ids import is_face_id
from core.ports import EnrolledPerson, FaceIndex, PersonOrder, PersonPlace


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """A person with all that is kept of them."""

    person_id: str
    enrolled: EnrolledPerson
    record: PersonRecord


@dataclass(frozen=True, kw_only=True)
class Persons:
    """Every method raises ``CollectionNotFound`` if there is no such collection."""

    collections: Collections
    index: FaceIndex
    consents: Consents
    ids: PersonIds

    def page(
        self,
        collection_id: str,
        *,
        limit: int,
        order: PersonOrder,
        prefix: str = "",
        after: PersonPlace | None = None,
    ) -> list[KnownPerson]:
        """Return the next people behind a place, as `FaceIndex.persons` does."""
        collection = self.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return []
        found = self.index.persons(
            collection.gallery_id, limit=limit, order=order, prefix=prefix, after=after
        )
        names = [each.person for each in found]
        ids = self.ids.of_all(collection, names)
        records = self.consents.records(collection_id, names)
        return [
            KnownPerson(person_id=person_id, enrolled=each, record=record)
            for each, person_id, record in zip(found, ids, records, strict=True)
        ]

    def id_of(self, collection_id: str, person: str) -> str:
        """Return the id of an enrolled person."""
        return self.ids.of(self.collections.get(collection_id), person)

    def named(self, collection_id: str, text: str) -> str:
        """Return a person's name, by name or id; a name that looks like an id is a name.

        What is neither is returned as it is.
        """
        if not is_face_id(text):
            return text
        collection = self.collections.fresh_if_empty(collection_id)
        if collection.model is None or self.index.page(collection.gallery_id, limit=1, person=text):
            return text
        return self.ids.name_of(collection_id, text) or text
