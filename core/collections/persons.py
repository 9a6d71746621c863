"""The people of collections, as those see them who sort and name faces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.collections.collection import Collection
from core.collections.consents import Consents
from core.collections.person_ids import PersonIds
from core.collections.person_notes import PersonRecord
from core.collections.registry import Collections
from core.errors import FaceNotFound, NotTheirFace
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
        """Return the next people behind a place, as `FaceIndex.persons` does.

        Their covers are those that were chosen, or else the faces of the best quality.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return []
        found = self.index.persons(
            collection.gallery_id, limit=limit, order=order, prefix=prefix, after=after
        )
        names = [each.person for each in found]
        ids = self.ids.of_all(collection, names)
        records = self.consents.records(collection_id, names)
        covers = self._covers(collection, names, records)
        return [
            KnownPerson(
                person_id=person_id,
                enrolled=replace(each, cover=cover or each.cover),
                record=record,
            )
            for each, person_id, record, cover in zip(found, ids, records, covers, strict=True)
        ]

    def cover(self, collection_id: str, person: str, record: PersonRecord) -> str | None:
        """Return the face that was chosen to show a person, None while none of theirs is."""
        (cover,) = self._covers(self.collections.get(collection_id), [person], [record])
        return cover

    def check_face(self, collection_id: str, face_id: str, people: Sequence[str]) -> None:
        """Check that a face is one of the people's.

        Raises
        ------
        FaceNotFound
            If no face of that id is enrolled.
        NotTheirFace
            If it is nobody's, or another person's.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        found = [] if collection.model is None else self.index.get(collection.gallery_id, [face_id])
        if not found:
            raise FaceNotFound(f"no face {face_id} is enrolled in {collection_id!r}")
        if found[0].person not in people:
            raise NotTheirFace(f"face {face_id} is not one of {people[0]!r}")

    def show_by(self, collection_id: str, person: str, face_id: str | None) -> None:
        """Let a face of a person show them, None for the one of the best quality.

        Raises
        ------
        PersonNotFound
            If no one of that name is enrolled.
        FaceNotFound, NotTheirFace
            As in `check_face`.
        """
        if face_id is None:
            if self.consents.record(collection_id, person).cover is not None:
                self.consents.set_cover(collection_id, person, None)
            return
        self.check_face(collection_id, face_id, [person])
        self.consents.set_cover(collection_id, person, face_id)
        try:
            self.check_face(collection_id, face_id, [person])
        except FaceNotFound:  # whoever erased it has perhaps looked before
            self.consents.set_cover(collection_id, person, None)
            raise

    def _covers(
        self, collection: Collection, people: Sequence[str], records: Sequence[PersonRecord]
    ) -> list[str | None]:
        """Return the chosen covers of people, None where it is no face of theirs."""
        chosen = sorted({record.cover for record in records if record.cover is not None})
        found = self.index.get(collection.gallery_id, chosen) if chosen else []
        theirs = {(face.face_id, face.person) for face in found}
        return [
            record.cover if (record.cover, person) in theirs else None
            for person, record in zip(people, records, strict=True)
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
