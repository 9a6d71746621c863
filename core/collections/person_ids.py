"""Ids of people, which outlive a renaming.

A person's id follows from their name, and nothing is stored, until someone renames them. A renaming
takes the id along: an object under the keyed hash of the new name says it. Another one gives a new
id to whoever is enrolled under the former name next. A further object finds the hash by the id.
"""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from core.access.name_hashes import NameHashes
from core.collections.collection import Collection
from core.collections.registry import Collections
from core.errors import ObjectMissing
from core.ground.records import Frozen
from core.ground.storage_keys import hash_of_id_key, id_of_hash_key, person_ids_prefix
from core.ports import FaceIndex, ObjectStore

_EVERYBODY: Final = 10**9
_READ_AT_ONCE: Final = 16
_JSON: Final = "application/json"


class _Said(Frozen):
    person_id: str


class _Found(Frozen):
    mark: str


@dataclass(frozen=True, kw_only=True)
class PersonIds:
    """The ids of a tenant's people. Every method may raise ``ServiceUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    names : NameHashes
        The tenant's.
    """

    store: ObjectStore
    names: NameHashes
    collections: Collections
    index: FaceIndex

    def of(self, collection: Collection, person: str) -> str:
        """Return the id of an enrolled person."""
        said = self._said(collection, person)
        return _own(collection, person) if said is None else said

    def of_all(self, collection: Collection, people: Sequence[str]) -> list[str]:
        """Return the ids of people, in their order."""
        if not self.store.keys(person_ids_prefix(collection.collection_id), limit=1):
            return [_own(collection, person) for person in people]
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            return list(threads.map(lambda person: self.of(collection, person), people))

    def name_of(self, collection_id: str, person_id: str) -> str | None:
        """Return the name of the enrolled person who has an id; this looks at all names."""
        collection = self.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return None
        names = [
            each.person for each in self.index.persons(collection.gallery_id, limit=_EVERYBODY)
        ]
        mark = self._mark(collection_id, person_id)
        if mark is None:
            theirs = (name for name in names if _own(collection, name) == person_id)
        else:
            theirs = (name for name in names if self.names.of(name) == mark)
        return next((name for name in theirs if self.of(collection, name) == person_id), None)

    def carry(self, collection: Collection, person: str, new_name: str) -> None:
        """Let the id of a person go with them, before they are renamed."""
        self._say(collection, new_name, self.of(collection, person))

    def leave(self, collection: Collection, person: str) -> None:
        """Let whoever is enrolled under a name next have another id, once nobody has the name."""
        self._say(collection, person, str(uuid.uuid4()))

    def forget(self, collection: Collection, person: str) -> None:
        """Leave nothing of the id of a person who was erased.

        If one was stored, who is enrolled under the name next has another one.
        """
        said = self._said(collection, person)
        if said is not None:
            self._say(collection, person, str(uuid.uuid4()))
            self.store.delete(hash_of_id_key(collection.collection_id, said))

    def forget_all(self, collection_id: str) -> None:
        """Leave no id of a collection."""
        while keys := self.store.keys(person_ids_prefix(collection_id)):
            self.store.delete_many(keys)

    def _say(self, collection: Collection, person: str, person_id: str) -> None:
        mark = self.names.of(person)
        found, said = _Found(mark=mark), _Said(person_id=person_id)
        by_id = hash_of_id_key(collection.collection_id, person_id)
        by_hash = id_of_hash_key(collection.collection_id, mark)
        self.store.put(by_id, found.model_dump_json().encode(), content_type=_JSON)
        self.store.put(by_hash, said.model_dump_json().encode(), content_type=_JSON)

    def _said(self, collection: Collection, person: str) -> str | None:
        key = id_of_hash_key(collection.collection_id, self.names.of(person))
        try:
            return _Said.model_validate_json(self.store.get(key).body).person_id
        except ObjectMissing:
            return None

    def _mark(self, collection_id: str, person_id: str) -> str | None:
        try:
            found = self.store.get(hash_of_id_key(collection_id, person_id))
        except ObjectMissing:
            return None
        return _Found.model_validate_json(found.body).mark


def _own(collection: Collection, person: str) -> str:
    """Return the id that a person has by name, as long as nothing says another one."""
    return str(uuid.uuid5(uuid.UUID(collection.crops_folder), person))
