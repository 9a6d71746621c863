"""What callers say of a person: another name, metadata, which face shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.access.audit_trail import AuditTrail
from core.collections.people import People
from core.collections.persons import Persons
from core.collections.shown.people import PersonRenamed
from core.errors import PersonNotFound
from core.ground.authors import Author


@dataclass(frozen=True, kw_only=True)
class PersonChanges:
    """Changes what is known of people, and leaves an audit record of each change."""

    people: People
    persons: Persons
    audit: AuditTrail

    def change(
        self, collection_id: str, person: str, fields: Mapping[str, Any], author: Author
    ) -> PersonRenamed:
        """Rename or describe a person, or merge them with the one who has the new name.

        Parameters
        ----------
        fields : mapping
            What is to be changed: ``name``, ``metadata``, and ``cover``, the id of a face or None.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none.
        FaceNotFound, NotTheirFace
            If the new cover is no face of theirs; nothing is changed then.
        """
        if not self.people.faces(collection_id, limit=1, person=person):
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        new_name, metadata, cover = fields.get("name"), fields.get("metadata"), fields.get("cover")
        name_then = new_name or person
        if cover is not None:  # before anything is changed
            self.persons.check_face(collection_id, cover, [person, name_then])
        faces = 0
        if metadata is not None:
            self._describe(collection_id, person, metadata, author)
        if new_name is not None:
            faces = self._rename(collection_id, person, new_name, author)
        if "cover" in fields:
            self._show_by(collection_id, name_then, cover, author)
        record = self.persons.consents.record(collection_id, name_then)
        return PersonRenamed(
            person=name_then,
            person_id=self.persons.id_of(collection_id, name_then),
            metadata=record.metadata,
            cover=self.persons.cover(collection_id, name_then, record),
            faces=faces,
        )

    def _rename(self, collection_id: str, person: str, new_name: str, author: Author) -> int:
        renamed = self.people.rename(collection_id, person, new_name)
        self.audit.add(
            "merge" if renamed.is_merge else "rename",
            author,
            people=[person, new_name],
            collection_id=collection_id,
            counts={"faces": renamed.faces},
        )
        return renamed.faces

    def _describe(
        self, collection_id: str, person: str, metadata: Mapping[str, str], author: Author
    ) -> None:
        self.persons.consents.set_metadata(collection_id, person, metadata)
        self._note_described(collection_id, person, {"metadata": len(metadata)}, author)

    def _show_by(
        self, collection_id: str, person: str, face_id: str | None, author: Author
    ) -> None:
        self.persons.show_by(collection_id, person, face_id)
        self._note_described(collection_id, person, {"covers": int(face_id is not None)}, author)

    def _note_described(
        self, collection_id: str, person: str, counts: dict[str, int], author: Author
    ) -> None:
        self.audit.add(
            "describe_person",
            author,
            people=[person],
            collection_id=collection_id,
            counts=counts,
        )
