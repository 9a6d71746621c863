"""Forgetting: a face, a photo, a person or a collection, with everything that holds them.

Enrolled faces are erased from the index with every trace. The photos that
they came from and the results that name them are removed from the input and
output buckets; photos in a bucket of the caller's own are the caller's. An
audit record without any biometric data or name stays in the gallery bucket:
it is the erasure's receipt. An erasure that breaks off is finished by asking for it again.

What is still on its way must not come back. A record of the erasure
(`core.collections.erased.erasure_records`) is left before anything is looked for, so that what was
accepted earlier is not enrolled later; and all is looked for again until nothing
is found, after a pause in which every process learns what is gone.
"""

import logging
import uuid
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Final

from core.access.audit_trail import AuditTrail
from core.collections.collection import Collection
from core.collections.consents import Consents
from core.collections.crops import Crops
from core.collections.erasing.audited_work import Work, audited
from core.collections.erasing.holdings import Holding, Holdings
from core.collections.erasing.receipts import Receipt, Removed
from core.collections.erasing.whom import Whom
from core.collections.kept_faces import KeptFaces
from core.collections.people import People
from core.collections.person_ids import PersonIds
from core.collections.registry import Collections
from core.collections.unknown.group_store import GroupStore
from core.errors import (
    CollectionNotFound,
    PersonNotFound,
    ServiceUnavailable,
    StorageUnavailable,
)
from core.ground.authors import UNNAMED, Author
from core.ground.realms import Realm
from core.jobs.batch_records import BatchLists
from core.jobs.webhooks.outbox import Outbox
from core.ports import FaceIndex, ObjectStore

log = logging.getLogger(__name__)

_ROUNDS: Final = 10
_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Erases what an author asks for; each method returns the receipt.

    Parameters
    ----------
    outputs : ObjectStore
        The bucket of the results.
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
    holdings: Holdings
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

        def find(_: Set[str]) -> Holding:
            return self.holdings.of_face(whom, face)

        people = (face.person,)
        work = Work(kind="face", collection_id=collection_id, people=people, author=author)
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

        def find(face_ids: Set[str]) -> Holding:
            return self.holdings.of_image(collection_id, image_id, face_ids)

        named = tuple(sorted(person for person in people if person is not None))
        work = Work(kind="image", collection_id=collection_id, people=named, author=author)
        return self._until_nothing_is_left(work, whom, find, find(set()))

    def person(self, collection_id: str, person: str, author: Author = UNNAMED) -> Receipt:
        """Erase all faces of a person, their photos, and every result that names them.

        Raises
        ------
        CollectionNotFound, PersonNotFound
            If there is none.
        """

        def find(face_ids: Set[str]) -> Holding:
            return self.holdings.of_person(collection_id, person, face_ids)

        first = find(set())
        if not first:
            # An erasure that broke off may have told nobody that they are gone.
            self.collections.announce(self.collections.get(collection_id))
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        whom = Whom(collection_id=collection_id, person=person)
        work = Work(kind="person", collection_id=collection_id, people=(person,), author=author)
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
        work = Work(kind="collection", collection_id=collection_id, author=author)
        whom = Whom(collection_id=collection_id)
        with audited(self.audit, work):
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

    def _until_nothing_is_left(
        self,
        work: Work,
        whom: Whom,
        find: Callable[[Set[str]], Holding],
        first: Holding,
    ) -> Receipt:
        """Erase what is found, and look again, until nothing is found.

        If results alone are found after a pause, no process has anything to learn before the
        next look.
        """
        record_id = uuid.uuid4().hex
        faces: set[str] = set(whom.face_ids)
        kept: set[str] = set()
        holding, is_news = first, True
        with audited(self.audit, work):
            for _ in range(_ROUNDS):
                faces |= holding.faces
                kept |= holding.kept
                if is_news:
                    self._note(whom, record_id, faces | kept)
                work.removed += self._erase(whom.collection_id, holding)
                if is_news:
                    self._note(whom, record_id, faces | kept)
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

    def _erase(self, collection_id: str, holding: Holding) -> Removed:
        removed = self.holdings.traces.erase(holding.found)
        collection = self.collections.now(collection_id)
        # Before the faces: without these, nobody would look for them again.
        gone = holding.faces | holding.kept
        self.crops.erase(collection.crops_folder, gone | holding.crops)
        self.kept.erase(collection, sorted(holding.kept))
        if holding.faces:
            found = self.people.found(collection, sorted(holding.faces))
            self.consents.forget_covers(collection_id, found)
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
        removed = self.holdings.traces.erase(self.holdings.traces.find(whom))
        self.ids.forget_all(whom.collection_id)
        batches = BatchLists(outputs=self.outputs, realm=self.realm)
        return removed.model_copy(
            update={
                "batches": batches.erase_collection(whom.collection_id),
                "consents": self.consents.erase_all(whom.collection_id),
            }
        )

    def _drop(self, collection: Collection) -> int:
        """Remove the gallery; return how many faces it held, 0 if it is gone already."""
        try:
            faces = self.people.count(collection)
        except CollectionNotFound:
            faces = 0
        self.index.drop(collection.gallery_id)
        return faces
