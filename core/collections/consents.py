"""What is kept of a person beside the faces: a consent note, metadata, and which face is shown.

The record of a person is an object of its own in the tenant's part of the gallery bucket. Its key
has the keyed hash of the name (`core.access.name_hashes`), never the name. "Note" stands here for
all that a record says; most people have none.

A note must not outlive its person. An erasure removes the faces first and looks for the note
afterwards; whoever sets a note stores it first and looks afterwards whether the person is still
enrolled, and not erased or renamed meanwhile. So whatever the order, one of the two removes it.

A renaming first leaves a link under the new name. It moves the note when no face has the former
name any more. If it breaks off in between, the note is found by the link.
"""

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from core.access.name_hashes import NameHashes
from core.collections.registry import Collections
from core.errors import (
    CollectionNotFound,
    ObjectMissing,
    PersonNotFound,
    StorageUnavailable,
)
from core.ground.records import Frozen
from core.ground.storage_keys import consent_key, consent_mark, consents_prefix
from core.ports import EnrolledFace, FaceIndex, ObjectStore

_READ_AT_ONCE: Final = 16
_ATTEMPTS: Final = 20
_MOST_METADATA: Final = 20


class ConsentNote(Frozen):
    """What a person agreed to, on which day, and where that is filed."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    date: date
    source: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Stored(Frozen):
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


@dataclass(frozen=True, kw_only=True)
class Consents:
    """The consent notes of a tenant's people. Every method may raise ``ServiceUnavailable``.

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

    def of(self, collection_id: str, person: str) -> ConsentNote | None:
        """Return the note of a person who is enrolled, None if there is none."""
        return self.record(collection_id, person).consent

    def record(self, collection_id: str, person: str) -> PersonRecord:
        """Return what is known of a person who is enrolled."""
        stored = self._read(collection_id, self.names.of(person))
        if stored is None or self._is_overtaken(collection_id, person, stored):
            return PersonRecord()
        held = [stored, *self._linked(collection_id, stored)]
        return PersonRecord(
            consent=next((each.note for each in held if each.note), None),
            metadata=next((each.metadata for each in held if each.metadata), {}),
            cover=next((each.cover for each in held if each.cover), None),
        )

    def records(self, collection_id: str, people: Sequence[str]) -> list[PersonRecord]:
        """Return the records of people, in their order."""
        if not self.store.keys(consents_prefix(collection_id), limit=1):
            return [PersonRecord()] * len(people)
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            return list(threads.map(lambda person: self.record(collection_id, person), people))

    def marks(self, collection_id: str) -> frozenset[str]:
        """Return the hashes of the names under which there are notes."""
        return frozenset(self._marks(collection_id))

    def of_all(
        self, collection_id: str, people: Iterable[str], *, among: Set[str]
    ) -> dict[str, PersonRecord]:
        """Return the records of those of the people who have one; ``among`` are the `marks`."""
        noted = [person for person in people if self.names.of(person) in among]
        return dict(zip(noted, self.records(collection_id, noted), strict=True))

    def set(
        self,
        collection_id: str,
        person: str,
        note: ConsentNote,
        *,
        accepted_at: datetime | None = None,
        replace: bool = True,
    ) -> None:
        """Note what an enrolled person agreed to.

        Parameters
        ----------
        accepted_at : datetime, optional
            Since when the caller has wanted it, by S3's clock; now unless given. A person who was
            erased later gets no note, and one who was renamed later gets it under the new name.
        replace : bool
            Whether it stands instead of a note that is there.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none, or was erased meanwhile.
        """

        def changed(stored: _Stored) -> _Stored:
            is_kept = stored.note is not None and not replace
            return stored if is_kept else stored.model_copy(update={"note": note})

        self._set(collection_id, person, changed, accepted_at)

    def set_metadata(
        self,
        collection_id: str,
        person: str,
        metadata: Mapping[str, str],
        *,
        accepted_at: datetime | None = None,
        replace: bool = True,
    ) -> None:
        """Note what callers say of an enrolled person; as `set`, and raises what that raises."""

        def changed(stored: _Stored) -> _Stored:
            is_kept = bool(stored.metadata) and not replace
            return stored if is_kept else stored.model_copy(update={"metadata": dict(metadata)})

        self._set(collection_id, person, changed, accepted_at)

    def set_cover(self, collection_id: str, person: str, face_id: str | None) -> None:
        """Note which face shows a person, None for no choice; raises what `set` raises."""
        self._set(
            collection_id,
            person,
            lambda stored: stored.model_copy(update={"cover": face_id}),
            None,
        )

    def forget_covers(self, collection_id: str, faces: Iterable[EnrolledFace]) -> None:
        """Let none of the faces show its person."""
        faces = list(faces)
        gone = {face.face_id for face in faces}
        for person in {face.person for face in faces} - {None}:
            self._forget_cover(collection_id, self.names.of(str(person)), gone)

    def _forget_cover(self, collection_id: str, mark: str, gone: Set[str]) -> None:
        for _ in range(_ATTEMPTS):
            stored, version = self._versioned(collection_id, mark)
            if stored is None or stored.cover not in gone:
                return
            left = stored.model_copy(update={"cover": None})
            if self._write(collection_id, mark, left, version=version):
                return
        raise StorageUnavailable("the consent note was changed by others")

    def _set(
        self,
        collection_id: str,
        person: str,
        change: Callable[[_Stored], _Stored],
        accepted_at: datetime | None,
    ) -> None:
        since = accepted_at or self.collections.erasures.clock()
        person = self._name_now(collection_id, person, since)
        new = _Stored(accepted_at=since)

        def changed(stored: _Stored | None) -> _Stored:
            there = stored or new
            if stored is not None and self._is_overtaken(collection_id, person, stored):
                there = new
            after = change(there)
            return (
                after
                if after == stored
                else after.model_copy(update={"note_id": new.note_id, "accepted_at": since})
            )

        self._check_enrolled(collection_id, person, since)
        mark = self.names.of(person)
        self._change(collection_id, mark, changed)
        try:
            self._check_enrolled(collection_id, person, since)
        except (CollectionNotFound, PersonNotFound):
            self._remove(collection_id, mark, new.note_id)
            if self._name_now(collection_id, person, since) == person:
                raise
            self._set(collection_id, person, change, since)

    def link(self, collection_id: str, person: str, new_name: str) -> None:
        """Note under a new name where the person's note lies, before anything is renamed."""
        mark, new_mark = self.names.of(person), self.names.of(new_name)
        stored = self._read(collection_id, mark)
        if stored is None or mark == new_mark:
            return
        former = {**stored.former, mark: stored.note_id}
        now = self.collections.erasures.clock()

        def linked(there: _Stored | None) -> _Stored:
            found = there or _Stored(accepted_at=now)
            return found.model_copy(
                update={"former": _without({**found.former, **former}, new_mark)}
            )

        self._change(collection_id, new_mark, linked)

    def move(self, collection_id: str, person: str, new_name: str) -> None:
        """Move a note to the new name of its person, once no face has the former one.

        If there are two notes, the one with the later date stays. Of metadata both stay, and of
        covers that of the name that stays.
        """
        mark, new_mark = self.names.of(person), self.names.of(new_name)
        stored = self._read(collection_id, mark)
        if stored is None or mark == new_mark:
            return
        moved = stored.model_copy(update={"accepted_at": self.collections.erasures.clock()})

        def merged(there: _Stored | None) -> _Stored:
            links = {mark: stored.note_id, **stored.former, **(there.former if there else {})}
            metadata = _joined(stored.metadata, there.metadata if there else {})
            cover = (there.cover if there else None) or stored.cover
            return _later(there, moved).model_copy(
                update={
                    "former": _without(links, new_mark),
                    "metadata": metadata,
                    "cover": cover,
                }
            )

        self._change(collection_id, new_mark, merged)
        self._remove(collection_id, mark, stored.note_id)
        try:
            self._check_enrolled(collection_id, new_name, moved.accepted_at)
        except (CollectionNotFound, PersonNotFound):
            self._remove(collection_id, new_mark, stored.note_id)

    def is_there(self, collection_id: str, person: str) -> bool:
        """Tell whether there is a note under a name, whether or not it is shown."""
        return self._read(collection_id, self.names.of(person)) is not None

    def erase(self, collection_id: str, person: str) -> int:
        """Remove a person's note, also where a renaming left it; return how many there were."""
        mark = self.names.of(person)
        stored = self._read(collection_id, mark)
        if stored is None:
            return 0
        erased = sum(
            self._remove(collection_id, former, note_id)
            for former, note_id in stored.former.items()
        )
        self.store.delete(consent_key(collection_id, mark))
        return erased + (stored.note is not None)

    def erase_all(self, collection_id: str) -> int:
        """Remove all notes of a collection; return how many there were."""
        erased = 0
        while keys := self.store.keys(consents_prefix(collection_id)):
            self.store.delete_many(keys)
            erased += len(keys)
        return erased

    def _name_now(self, collection_id: str, person: str, since: datetime) -> str:
        log = self.collections.erased(self.collections.now(collection_id))
        return log.name_now(person, since) or person

    def _check_enrolled(self, collection_id: str, person: str, since: datetime) -> None:
        """Raise ``PersonNotFound`` unless someone was so called at that time and still is."""
        collection = self.collections.now(collection_id)
        log = self.collections.erased(collection)
        is_enrolled = collection.model is not None and bool(
            self.index.page(collection.gallery_id, limit=1, person=person)
        )
        is_same = log.name_now(person, since) == person
        if not is_enrolled or not is_same or log.covers(person=person, accepted_at=since):
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")

    def _is_overtaken(self, collection_id: str, person: str, stored: _Stored) -> bool:
        """Tell whether the person was erased or renamed after the note was set."""
        log = self.collections.erased(self.collections.get(collection_id))
        is_renamed = log.name_now(person, stored.accepted_at) != person
        return is_renamed or log.covers(person=person, accepted_at=stored.accepted_at)

    def _linked(self, collection_id: str, stored: _Stored) -> Iterator[_Stored]:
        for mark, note_id in stored.former.items():
            found = self._read(collection_id, mark)
            if found is not None and found.note_id == note_id:
                yield found

    def _marks(self, collection_id: str) -> Iterator[str]:
        prefix, after = consents_prefix(collection_id), ""
        while keys := self.store.keys(prefix, after=after):
            yield from (consent_mark(key) for key in keys)
            after = keys[-1]

    def _read(self, collection_id: str, mark: str) -> _Stored | None:
        return self._versioned(collection_id, mark)[0]

    def _versioned(self, collection_id: str, mark: str) -> tuple[_Stored | None, str | None]:
        try:
            found = self.store.get(consent_key(collection_id, mark))
        except ObjectMissing:
            return None, None
        return _Stored.model_validate_json(found.body), found.version

    def _change(
        self, collection_id: str, mark: str, change: Callable[[_Stored | None], _Stored]
    ) -> None:
        for _ in range(_ATTEMPTS):
            stored, version = self._versioned(collection_id, mark)
            changed = change(stored)
            if changed == stored or self._write(collection_id, mark, changed, version=version):
                return
        raise StorageUnavailable("the consent note was changed by others")

    def _write(
        self, collection_id: str, mark: str, changed: _Stored, *, version: str | None
    ) -> bool:
        return self.store.put_if(
            consent_key(collection_id, mark),
            changed.model_dump_json().encode(),
            content_type="application/json",
            version=version,
        )

    def _remove(self, collection_id: str, mark: str, note_id: str) -> bool:
        """Remove a note unless another one lies there; tell whether there was one."""
        stored = self._read(collection_id, mark)
        if stored is None or stored.note_id != note_id:
            return False
        self.store.delete(consent_key(collection_id, mark))
        return True


def _joined(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of two people who are one; the second is the one whose name stays."""
    both = {**other, **{name: text for name, text in one.items() if name not in other}}
    return dict(itertools.islice(both.items(), _MOST_METADATA))


def _without(links: dict[str, str], mark: str) -> dict[str, str]:
    return {former: note_id for former, note_id in links.items() if former != mark}


def _later(there: _Stored | None, moved: _Stored) -> _Stored:
    """Return which of two notes stays: the one with the later date."""
    if there is None or there.note is None or moved.note is None:
        return moved if moved.note is not None or there is None else there
    return moved if moved.note.date > there.note.date else there
