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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.access.name_hashes import NameHashes
from core.collections.person_notes import (
    ConsentNote,
    PersonNotes,
    PersonRecord,
    StoredNote,
    joined,
    later,
    without,
    without_cover,
)
from core.collections.registry import Collections
from core.errors import CollectionNotFound, PersonNotFound
from core.ports import EnrolledFace, FaceIndex, ObjectStore

_READ_AT_ONCE: Final = 16


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

    @property
    def _notes(self) -> PersonNotes:
        return PersonNotes(self.store)

    def of(self, collection_id: str, person: str) -> ConsentNote | None:
        """Return the note of a person who is enrolled, None if there is none."""
        return self.record(collection_id, person).consent

    def record(self, collection_id: str, person: str) -> PersonRecord:
        """Return what is known of a person who is enrolled."""
        stored = self._notes.read(collection_id, self.names.of(person))
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
        if not self._notes.has_any(collection_id):
            return [PersonRecord()] * len(people)
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            return list(threads.map(lambda person: self.record(collection_id, person), people))

    def marks(self, collection_id: str) -> frozenset[str]:
        """Return the hashes of the names under which there are notes."""
        return frozenset(self._notes.marks(collection_id))

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

        def changed(stored: StoredNote) -> StoredNote:
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

        def changed(stored: StoredNote) -> StoredNote:
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
            mark = self.names.of(str(person))
            self._notes.change(collection_id, mark, lambda stored: without_cover(stored, gone))

    def _set(
        self,
        collection_id: str,
        person: str,
        change: Callable[[StoredNote], StoredNote],
        accepted_at: datetime | None,
    ) -> None:
        since = accepted_at or self.collections.erasures.clock()
        person = self._name_now(collection_id, person, since)
        new = StoredNote(accepted_at=since)

        def changed(stored: StoredNote | None) -> StoredNote:
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
        self._notes.change(collection_id, mark, changed)
        try:
            self._check_enrolled(collection_id, person, since)
        except (CollectionNotFound, PersonNotFound):
            self._notes.remove(collection_id, mark, new.note_id)
            if self._name_now(collection_id, person, since) == person:
                raise
            self._set(collection_id, person, change, since)

    def link(self, collection_id: str, person: str, new_name: str) -> None:
        """Note under a new name where the person's note lies, before anything is renamed."""
        mark, new_mark = self.names.of(person), self.names.of(new_name)
        stored = self._notes.read(collection_id, mark)
        if stored is None or mark == new_mark:
            return
        former = {**stored.former, mark: stored.note_id}
        now = self.collections.erasures.clock()

        def linked(there: StoredNote | None) -> StoredNote:
            found = there or StoredNote(accepted_at=now)
            return found.model_copy(
                update={"former": without({**found.former, **former}, new_mark)}
            )

        self._notes.change(collection_id, new_mark, linked)

    def move(self, collection_id: str, person: str, new_name: str) -> None:
        """Move a note to the new name of its person, once no face has the former one.

        None stays if nobody of the new name is enrolled any more.
        """
        moved = self.carry(collection_id, person, new_name)
        if moved is not None:
            try:
                self._check_enrolled(collection_id, new_name, moved.accepted_at)
            except (CollectionNotFound, PersonNotFound):
                new_mark = self.names.of(new_name)
                self._notes.remove(collection_id, new_mark, moved.note_id)

    def carry(self, collection_id: str, person: str, new_name: str) -> StoredNote | None:
        """Move a note to another name, whether or not anybody has it; return it, None if none.

        If there are two notes, the one with the later date stays. Of metadata both stay, and of
        covers that of the name that stays.
        """
        mark, new_mark = self.names.of(person), self.names.of(new_name)
        stored = self._notes.read(collection_id, mark)
        if stored is None or mark == new_mark:
            return None
        moved = stored.model_copy(update={"accepted_at": self.collections.erasures.clock()})

        def merged(there: StoredNote | None) -> StoredNote:
            links = {mark: stored.note_id, **stored.former, **(there.former if there else {})}
            metadata = joined(stored.metadata, there.metadata if there else {})
            cover = (there.cover if there else None) or stored.cover
            return later(there, moved).model_copy(
                update={
                    "former": without(links, new_mark),
                    "metadata": metadata,
                    "cover": cover,
                }
            )

        self._notes.change(collection_id, new_mark, merged)
        self._notes.remove(collection_id, mark, stored.note_id)
        return moved

    def is_there(self, collection_id: str, person: str) -> bool:
        """Tell whether there is a note under a name, whether or not it is shown."""
        return self._notes.read(collection_id, self.names.of(person)) is not None

    def erase(self, collection_id: str, person: str) -> int:
        """Remove a person's note, also where a renaming left it; return how many there were."""
        mark = self.names.of(person)
        stored = self._notes.read(collection_id, mark)
        if stored is None:
            return 0
        erased = sum(
            self._notes.remove(collection_id, former, note_id)
            for former, note_id in stored.former.items()
        )
        self._notes.delete(collection_id, mark)
        return erased + (stored.note is not None)

    def erase_all(self, collection_id: str) -> int:
        """Remove all notes of a collection; return how many there were."""
        return self._notes.erase_all(collection_id)

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

    def _is_overtaken(self, collection_id: str, person: str, stored: StoredNote) -> bool:
        """Tell whether the person was erased or renamed after the note was set."""
        log = self.collections.erased(self.collections.get(collection_id))
        is_renamed = log.name_now(person, stored.accepted_at) != person
        return is_renamed or log.covers(person=person, accepted_at=stored.accepted_at)

    def _linked(self, collection_id: str, stored: StoredNote) -> Iterator[StoredNote]:
        for mark, note_id in stored.former.items():
            found = self._notes.read(collection_id, mark)
            if found is not None and found.note_id == note_id:
                yield found
