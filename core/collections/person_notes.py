"""Notes about people as they are stored, one object a person, under the keyed hash of the name."""

import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from core.errors import ObjectMissing, StorageUnavailable
from core.ground.records import Frozen
from core.ground.storage_keys import consent_key, consent_mark, consents_prefix
from core.ports import ObjectStore

_ATTEMPTS: Final = 20
_MOST_METADATA: Final = 20


class ConsentNote(Frozen):
    """What a person agreed to, on which day, and where that is filed."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    date: date
    source: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class StoredNote(Frozen):
    """A note as it lies there, with an id that it keeps when it is moved.

    ``accepted_at`` is when it was set, by S3's clock. ``former`` are notes that a renaming moves
    here: ids by the hashes under which they lay.
    """

    note: ConsentNote | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    cover: str | None = None
    note_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    accepted_at: AwareDatetime
    former: dict[str, str] = Field(default_factory=dict)


class PersonRecord(Frozen):
    """What is known of a person beside the faces.

    ``cover`` is the id of the face that was chosen to show them. It may be gone, or another's by
    now.
    """

    consent: ConsentNote | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    cover: str | None = None


@dataclass(frozen=True)
class PersonNotes:
    """The notes of a tenant. Every method may raise ``ServiceUnavailable``."""

    store: ObjectStore

    def has_any(self, collection_id: str) -> bool:
        """Tell whether a collection has notes."""
        return bool(self.store.keys(consents_prefix(collection_id), limit=1))

    def marks(self, collection_id: str) -> Iterator[str]:
        """Yield the hashes under which there are notes."""
        prefix, after = consents_prefix(collection_id), ""
        while keys := self.store.keys(prefix, after=after):
            yield from (consent_mark(key) for key in keys)
            after = keys[-1]

    def read(self, collection_id: str, mark: str) -> StoredNote | None:
        """Return the note under a hash, None if there is none."""
        return self._versioned(collection_id, mark)[0]

    def _versioned(self, collection_id: str, mark: str) -> tuple[StoredNote | None, str | None]:
        try:
            found = self.store.get(consent_key(collection_id, mark))
        except ObjectMissing:
            return None, None
        return StoredNote.model_validate_json(found.body), found.version

    def change(
        self,
        collection_id: str,
        mark: str,
        change: Callable[[StoredNote | None], StoredNote | None],
    ) -> None:
        """Store a note as it is after a change, which is made again if others were faster."""
        for _ in range(_ATTEMPTS):
            stored, version = self._versioned(collection_id, mark)
            changed = change(stored)
            if changed is None or changed == stored:
                return
            if self._write(collection_id, mark, changed, version=version):
                return
        raise StorageUnavailable("the consent note was changed by others")

    def _write(
        self, collection_id: str, mark: str, changed: StoredNote, *, version: str | None
    ) -> bool:
        return self.store.put_if(
            consent_key(collection_id, mark),
            changed.model_dump_json().encode(),
            content_type="application/json",
            version=version,
        )

    def remove(self, collection_id: str, mark: str, note_id: str) -> bool:
        """Remove a note unless another one lies there; tell whether there was one."""
        stored = self.read(collection_id, mark)
        if stored is None or stored.note_id != note_id:
            return False
        self.delete(collection_id, mark)
        return True

    def delete(self, collection_id: str, mark: str) -> None:
        """Remove whatever note lies there."""
        self.store.delete(consent_key(collection_id, mark))

    def erase_all(self, collection_id: str) -> int:
        """Remove all notes of a collection; return how many there were."""
        erased = 0
        while keys := self.store.keys(consents_prefix(collection_id)):
            self.store.delete_many(keys)
            erased += len(keys)
        return erased


def joined(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of two people who are one; the second is the one whose name stays."""
    both = {**other, **{name: text for name, text in one.items() if name not in other}}
    return dict(itertools.islice(both.items(), _MOST_METADATA))


def without_cover(stored: StoredNote | None, gone: Set[str]) -> StoredNote | None:
    """Return a note that shows none of these faces."""
    if stored is None or stored.cover not in gone:
        return stored
    return stored.model_copy(update={"cover": None})


def without(links: dict[str, str], mark: str) -> dict[str, str]:
    """Return links but for that to a hash."""
    return {former: note_id for former, note_id in links.items() if former != mark}


def later(there: StoredNote | None, moved: StoredNote) -> StoredNote:
    """Return which of two notes stays: the one with the later date."""
    if there is None or there.note is None or moved.note is None:
        return moved if moved.note is not None or there is None else there
    return moved if moved.note.date > there.note.date else there
