"""A collection that is brought back, and who of its people is not."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.access.name_hashes import NameHashes
from core.collections.collection import Collection
from core.collections.erased.erasure_log import ErasureLog
from core.ground.storage_keys import CONSENTS, GROUPS
from core.ports import EnrolledFace
from efr_cli.backup.outline import Place


@dataclass(kw_only=True)
class Returning:
    """A collection that is brought back."""

    place: Place
    collection: Collection
    erased: list[ErasureLog]
    """The logs that say who must not come back."""
    own_log: ErasureLog
    """That of the backup, which tells who was renamed while it was made."""
    faces: int = 0
    unknown_faces: int = 0
    left_out: set[str] = field(default_factory=set)
    """Ids of erased faces."""
    people: set[str] = field(default_factory=set)
    erased_people: set[str] = field(default_factory=set)
    as_read: set[str] = field(default_factory=set)
    """Names of the backup, before it is known who was renamed."""
    renamed: set[tuple[str, str]] = field(default_factory=set)
    _hashes: tuple[set[str], set[str]] | None = None

    def as_they_are(self, faces: list[EnrolledFace], made_at: datetime) -> Iterator[EnrolledFace]:
        """Yield those of the faces that were not erased, under the names of the backup's end."""
        for face in faces:
            if self._is_erased(face, made_at):
                self.left_out.add(face.face_id)
                self.erased_people.update(_names(face.person))
                continue
            self.as_read.update(_names(face.person))
            name = self.own_log.name_now(face.person, made_at, face_id=face.face_id)
            if name is not None and name in face.rejected:
                name = None
            if name is not None:
                self.people.add(name)
                if face.person is not None and face.person != name:
                    self.renamed.add((face.person, name))
            yield replace(face, person=name)

    def as_it_is(self, own: str, body: bytes, names: NameHashes) -> bytes | None:
        """Return what is to be stored of an object of the collection's people; None if nothing."""
        if own.startswith(GROUPS):
            return body
        there, gone = self._marks(names)
        mark = own.rpartition("/")[2].removesuffix(".json")
        if own.startswith(CONSENTS):
            return body if mark in there else None
        if "/by-id/" in own:
            return None if json.loads(body).get("mark") in gone else body
        # Whoever is enrolled next under the name of one who was erased must not have that one's.
        return json.dumps({"person_id": str(uuid.uuid4())}).encode() if mark in gone else body

    def _is_erased(self, face: EnrolledFace, made_at: datetime) -> bool:
        return any(
            log.covers(
                person=face.person,
                face_ids=[face.face_id],
                image_id=face.image_id,
                accepted_at=made_at,
            )
            for log in self.erased
        )

    def _marks(self, names: NameHashes) -> tuple[set[str], set[str]]:
        """Return the hashes of the names of those who come back, and of those who don't."""
        if self._hashes is None:
            there = {names.of(name) for name in self.people | self.as_read}
            self._hashes = there, {names.of(name) for name in self.erased_people} - there
        return self._hashes


def _names(person: str | None) -> set[str]:
    return set() if person is None else {person}
