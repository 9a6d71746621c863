"""Forgetting: a face, a photo, a person or a collection, with everything that holds them.

Enrolled faces are erased from the index with every trace. The photos that
they came from and the results that name them are removed from the input and
output buckets; photos in a bucket of the caller's own are the caller's. An
audit record without any biometric data or name stays in the gallery bucket:
it is the erasure's receipt. An erasure that breaks off is finished by asking for it again.

What is still on its way must not come back. A record of the erasure
(`core.collections.erasure_records`) is left before anything is looked for, so that what was
accepted earlier is not enrolled later; and all is looked for again until nothing
is found, after a pause in which every process learns what is gone.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import or_
from typing import Final

from core.access.audit_trail import AuditTrail
from core.collections.collection import Collection
from core.collections.consents import Consents
from core.collections.crops import Crops, Meant
from core.collections.erasing.receipts import Kind, Receipt, Removed, action_of
from core.collections.erasing.traces import Found, Traces, Whom
from core.collections.kept_faces import KeptFaces, was_kept
from core.collections.people import People
from core.collections.person_ids import PersonIds
from core.collections.registry import Collections
from core.collections.unknown.group_store import GroupStore
from core.errors import (
    CollectionNotFound,
    ImageNotFound,
    PersonNotFound,
    ServiceUnavailable,
    StorageUnavailable,
)
from core.ground.authors import UNNAMED, Author
from core.ground.realms import Realm
from core.jobs.batch_records import BatchLists
from core.jobs.webhooks.outbox import Outbox
from core.ports import EnrolledFace, FaceIndex, ObjectStore

log = logging.getLogger(__name__)

_ROUNDS: Final = 10
_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Erases what an author asks for; each method returns the receipt.

    Parameters
    ----------
    inputs, outputs : ObjectStore
        The buckets.
    audit : AuditTrail
        The tenant's, which keeps the receipts.
    realm : Realm
        Whose jobs and batches they are.
    settle_s : float
        Time after which no running process names an erased person any more. Longer than
        the margin of the records and a second, so that a person who is enrolled again after the
        erasure counts as such.
    events : Outbox
        Where erased people are told of.
    clock, sleep : callable
        Monotonic seconds, and how to let that time pass.
    """

    collections: Collections
    people: People
    consents: Consents
    ids: PersonIds
    crops: Crops
    kept: KeptFaces
    groups: GroupStore
    index: FaceIndex
    inputs: ObjectStore
    outputs: ObjectStore
    audit: AuditTrail
    settle_s: float
    realm: Realm
    events: Outbox
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def face(self, collection_id: str, face_id: str, author: Author = UNNAMED) -> Receipt:
        """Erase one face, with the job that enrolled it.

        Raises
        ------
        CollectionNotFound, FaceNotFound
            If there is none.
        """
        face = self.people.any_face(collection_id, face_id)
        whom = Whom(collection_id=collection_id, face_ids=frozenset({face_id}))

        def find(_: Set[str]) -> "_Holding":
            holding = _Holding(
                faces=self._faces(whom),
                noted=self._noted_without(whom, [face.person]),
                crops=self._unfinished(collection_id, Meant(face_ids=whom.face_ids)),
                kept=frozenset(self._kept_ids(collection_id, whom.face_ids)),
            )
            if not (holding.faces or holding.kept) or face.job_id is None:
                return holding
            if was_kept(collection_id, face):
                return self._with_jobs(collection_id, holding, {face.job_id})
            return replace(holding, found=self._traces.of_job(face.job_id, whom))

        people = (face.person,)
        work = _Work(kind="face", collection_id=collection_id, people=people, author=author)
        return self._until_nothing_is_left(work, whom, find, find(set()))

    def image(self, collection_id: str, image_id: str, author: Author = UNNAMED) -> Receipt:
        """Erase all faces of a photo, with the jobs that enrolled them.

        A photo of that id that waits is not enrolled any more.

        Raises
        ------
        CollectionNotFound, ImageNotFound
            If none of its faces is enrolled.
        """
        people = {face.person for face in self.people.faces_on(collection_id, image_id)}
        whom = Whom(collection_id=collection_id, image_id=image_id)

        def find(face_ids: Set[str]) -> "_Holding":
            held: list[EnrolledFace] = []
            with suppress(ImageNotFound):
                held = self.people.faces_on(collection_id, image_id)
            faces = frozenset(face.face_id for face in held)
            theirs = Whom(collection_id=collection_id, face_ids=faces | face_ids)
            jobs = {face.job_id for face in held if face.job_id is not None}
            return _Holding(
                faces=faces,
                found=reduce(or_, (self._traces.of_job(job, theirs) for job in jobs), Found()),
                noted=self._noted_without(theirs, [face.person for face in held]),
                crops=self._unfinished(collection_id, Meant(face_ids=theirs.face_ids)),
            )

        named = tuple(sorted(person for person in people if person is not None))
        work = _Work(kind="image", collection_id=collection_id, people=named, author=author)
        return self._until_nothing_is_left(work, whom, find, find(set()))

    def person(self, collection_id: str, person: str, author: Author = UNNAMED) -> Receipt:
        """Erase all faces of a person, their photos, and every result that names them.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none.
        """

        def find(face_ids: Set[str]) -> "_Holding":
            log = self.collections.erased(self.collections.now(collection_id))
            known = frozenset(face_ids)
            whom = Whom(collection_id=collection_id, person=person, face_ids=known, log=log)
            faces = self._faces(whom)
            found = self._traces.find(replace(whom, face_ids=known | faces))
            noted = (person,) if self.consents.is_there(collection_id, person) else ()
            meant = Meant(person=person, face_ids=known, job_ids=found.jobs)
            crops = self._unfinished(collection_id, meant)
            holding = _Holding(faces=faces, found=found, noted=noted, crops=crops)
            return self._with_jobs(collection_id, holding, self._uploads_of(collection_id, faces))

        first = find(set())
        if not first:
            # An erasure that broke off may have told nobody that they are gone.
            self.collections.announce(self.collections.get(collection_id))
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        whom = Whom(collection_id=collection_id, person=person)
        work = _Work(kind="person", collection_id=collection_id, people=(person,), author=author)
        receipt = self._until_nothing_is_left(work, whom, find, first)
        self.ids.forget(self.collections.get(collection_id), person)
        self._tell(person, receipt)
        return receipt

    def collection(self, collection_id: str, author: Author = UNNAMED) -> Receipt:
        """Erase a collection with all its people, photos and results.

        Raises
        ------
        CollectionNotFound
            If there is none.
        """
        collection = self.collections.begin_erasure(collection_id)
        self.sleep(self.settle_s)
        logs = self.collections.erasures
        logs.add(
            collection_id,
            lambda log: log.with_record(uuid.uuid4().hex, at=logs.clock(), everything=True),
        )
        recorded_s = self.clock()
        work = _Work(kind="collection", collection_id=collection_id, author=author)
        whom = Whom(collection_id=collection_id)
        with self._audited(work):
            work.removed += Removed(
                faces=self._drop(collection), unknown_faces=self.kept.drop(collection)
            )
            self.groups.forget(collection_id)
            self.crops.erase_all(collection.crops_folder)
            work.removed += self._erase_all(whom)
            # What comes to a next collection of this id shall be later than the record.
            self.sleep(max(0.0, recorded_s + self.settle_s - self.clock()))
            while late := self._erase_all(whom):
                work.removed += late
            self.kept.drop(collection)
            self.groups.forget(collection_id)
            self.crops.erase_all(collection.crops_folder)
        self.collections.delete_record(collection)
        return work.receipt

    def _tell(self, person: str, receipt: Receipt) -> None:
        """Tell of an erased person. The erasure is over, and stays so if that fails."""
        try:
            self.events.person_erased(
                receipt.collection_id,
                person,
                receipt_id=receipt.receipt_id,
                faces=receipt.removed.faces,
                jobs=receipt.removed.jobs,
            )
        except ServiceUnavailable as error:
            log.error(  # noqa: TRY400 - the reason says it all
                "event of an erasure was lost",
                extra={"collection": receipt.collection_id, "reason": str(error)},
            )

    @cached_property
    def _traces(self) -> Traces:
        return Traces(inputs=self.inputs, outputs=self.outputs, realm=self.realm)

    def _until_nothing_is_left(
        self,
        work: "_Work",
        whom: Whom,
        find: Callable[[Set[str]], "_Holding"],
        first: "_Holding",
    ) -> Receipt:
        """Erase what is found, and look again, until nothing is found.

        If results alone are found after a pause, no process has anything to learn before the
        next look.
        """
        record_id = uuid.uuid4().hex
        faces: set[str] = set(whom.face_ids)
        holding, is_news = first, True
        with self._audited(work):
            for _ in range(_ROUNDS):
                faces |= holding.faces
                if is_news:
                    self._note(whom, record_id, faces)
                work.removed += self._erase(whom.collection_id, holding)
                if is_news:
                    self._note(whom, record_id, faces)
                    self.sleep(self.settle_s)
                holding = find(faces)
                if not holding:
                    break
                is_news = not holding.has_only_results
            else:
                raise StorageUnavailable("what is erased is enrolled again all the time")
        return work.receipt

    def _note(self, whom: Whom, record_id: str, face_ids: Set[str]) -> None:
        """Leave the record, as of now: all that was accepted until now is covered."""
        self.collections.record(
            whom.collection_id,
            lambda log, now: log.with_record(
                record_id,
                at=now,
                person=whom.person,
                face_ids=sorted(face_ids),
                image_id=whom.image_id,
            ),
        )

    def _erase(self, collection_id: str, holding: "_Holding") -> Removed:
        removed = self._traces.erase(holding.found)
        collection = self.collections.now(collection_id)
        # Before the faces: without these, nobody would look for them again.
        gone = holding.faces | holding.kept
        self.crops.erase(collection.crops_folder, gone | holding.crops)
        self.kept.erase(collection, sorted(holding.kept))
        if holding.faces:
            self.index.erase(collection.gallery_id, sorted(holding.faces))
        if gone:
            self.groups.forget_faces(collection, gone)
        # After the faces: whoever sets a note looks for them afterwards.
        notes = sum(self.consents.erase(collection_id, person) for person in holding.noted)
        return removed + Removed(
            faces=len(holding.faces), unknown_faces=len(holding.kept), consents=notes
        )

    def _erase_all(self, whom: Whom) -> Removed:
        """Erase the jobs, batches and consent notes of a collection."""
        removed = self._traces.erase(self._traces.find(whom))
        self.ids.forget_all(whom.collection_id)
        batches = BatchLists(outputs=self.outputs, realm=self.realm)
        return removed.model_copy(
            update={
                "batches": batches.erase_collection(whom.collection_id),
                "consents": self.consents.erase_all(whom.collection_id),
            }
        )

    def _noted_without(self, whom: Whom, people: Iterable[str | None]) -> tuple[str, ...]:
        """Return those who have a consent note, and no face but those that are erased."""
        noted = (
            person
            for person in dict.fromkeys(people)
            if person is not None and self.consents.is_there(whom.collection_id, person)
        )
        return tuple(
            person
            for person in noted
            if not self._faces(Whom(collection_id=whom.collection_id, person=person))
            - whom.face_ids
        )

    def _uploads_of(self, collection_id: str, face_ids: Set[str]) -> set[str]:
        """Return the uploads that brought those of the faces that were unknown at first."""
        collection = self.collections.now(collection_id)
        if collection.model is None or not face_ids:
            return set()
        found = self.people.found(collection, sorted(face_ids))
        return {face.job_id for face in found if face.job_id and was_kept(collection_id, face)}

    def _kept_ids(self, collection_id: str, face_ids: Set[str]) -> list[str]:
        kept = self.kept.get(self.collections.now(collection_id), face_ids)
        return [face.face_id for face in kept]

    def _with_jobs(self, collection_id: str, holding: "_Holding", uploads: Set[str]) -> "_Holding":
        """Add these uploads to the jobs, and to the faces what all of the jobs left unknown."""
        found = holding.found
        found = replace(found, answered=found.answered | self._traces.stored(uploads))
        collection = self.collections.now(collection_id)
        kept = holding.kept | self.kept.of_jobs(collection, found.jobs)
        return replace(holding, found=found, kept=kept)

    def _unfinished(self, collection_id: str, meant: Meant) -> frozenset[str]:
        """Return the faces that have a crop, and may never be put, as their writer died."""
        return self.crops.unfinished(self.collections.now(collection_id).crops_folder, meant)

    def _faces(self, whom: Whom) -> frozenset[str]:
        """Return the person's faces that are enrolled now, under any name."""
        collection = self.collections.now(whom.collection_id)
        if collection.model is None:
            return frozenset()
        held: list[EnrolledFace] = []
        if whom.face_ids:
            held += self.index.get(collection.gallery_id, sorted(whom.face_ids))
        if whom.person is not None:
            held += self._named(collection, whom.person)
        return frozenset(face.face_id for face in held)

    def _named(self, collection: Collection, person: str) -> Iterator[EnrolledFace]:
        after = ""
        while page := self.index.page(
            collection.gallery_id, limit=_PAGE, after=after, person=person
        ):
            yield from page
            after = page[-1].face_id

    def _drop(self, collection: Collection) -> int:
        """Remove the gallery; return how many faces it held, 0 if it is gone already."""
        try:
            faces = self.people.count(collection)
        except CollectionNotFound:
            faces = 0
        self.index.drop(collection.gallery_id)
        return faces

    @contextmanager
    def _audited(self, work: "_Work") -> Iterator[None]:
        """Leave the receipt of a work that is done in the block, also if it breaks off."""
        begun_at = self.audit.now()

        def leave(*, is_complete: bool) -> None:
            record_id, record = self.audit.add(
                action_of(work.kind),
                work.author,
                people=work.people,
                collection_id=work.collection_id,
                counts=work.removed.model_dump(),
                begun_at=begun_at,
                is_complete=is_complete,
            )
            work.receipt = Receipt.of(record_id, record)

        try:
            yield
        except ServiceUnavailable:
            with suppress(ServiceUnavailable):
                if work.removed:
                    leave(is_complete=False)
            raise
        leave(is_complete=True)


@dataclass(kw_only=True)
class _Work:
    """What is to be erased, for whom, and how much was removed so far."""

    kind: Kind
    collection_id: str
    author: Author
    people: tuple[str | None, ...] = ()
    removed: Removed = field(default_factory=Removed)
    receipt: Receipt = field(init=False)


@dataclass(frozen=True, kw_only=True)
class _Holding:
    """What still holds the person.

    Ids of enrolled faces, and of others with a crop; jobs, and the names of consent notes.
    """

    faces: frozenset[str] = frozenset()
    crops: frozenset[str] = frozenset()
    found: Found = field(default_factory=Found)
    noted: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    """Unknown faces that are kept."""

    def __bool__(self) -> bool:
        return bool(self.faces or self.kept or self.crops or self.found or self.noted)

    @property
    def has_only_results(self) -> bool:
        others = (self.faces, self.kept, self.crops, self.noted)
        return not any((*others, self.found.unanswered, self.found.batches))
