"""Forgetting: a face, a person or a collection, with everything that holds them.

Enrolled faces are erased from the index with every trace. The photos that
they came from and the results that name them are removed from the input and
output buckets; photos in a bucket of the caller's own are the caller's. An
audit record without any biometric data or name stays in the gallery bucket.
An erasure that breaks off is finished by asking for it again.

What is still on its way must not come back. A record of the erasure
(`core.collections.erasure_records`) is left before anything is looked for, so that what was
accepted earlier is not enrolled later; and all is looked for again until nothing
is found, each time after a pause in which every process learns what is gone.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Literal

from core.collections.people import People
from core.collections.registry import Collection, Collections
from core.collections.traces import Found, Traces, Whom
from core.errors import CollectionNotFound, PersonNotFound, StorageUnavailable
from core.ground.realms import WHOLE, Realm
from core.ground.records import Frozen
from core.ground.storage_keys import audit_key
from core.jobs.batch_records import BatchLists
from core.ports import EnrolledFace, FaceIndex, ObjectStore

log = logging.getLogger(__name__)

_ROUNDS: Final = 10
_PAGE: Final = 1000

Kind = Literal["face", "person", "collection"]


class AuditRecord(Frozen):
    """That something was erased, and how much."""

    erased: Kind
    collection_id: str
    faces: int
    jobs: int
    erased_at: datetime


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Erases what is asked for; each method returns what it erased, as audit records say.

    Parameters
    ----------
    inputs, outputs, gallery : ObjectStore
        The buckets; of the gallery bucket the tenant's part.
    realm : Realm
        Whose jobs and batches they are.
    settle_s : float
        Time after which no running process names an erased person any more. Longer than
        the margin of the records and a second, so that a person who is enrolled again after the
        erasure counts as such.
    clock, sleep : callable
        Monotonic seconds, and how to let that time pass.
    """

    collections: Collections
    people: People
    index: FaceIndex
    inputs: ObjectStore
    outputs: ObjectStore
    gallery: ObjectStore
    settle_s: float
    realm: Realm = WHOLE
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def face(self, collection_id: str, face_id: str) -> AuditRecord:
        """Erase one face, with the job that enrolled it.

        Raises
        ------
        CollectionNotFound, FaceNotFound
            If there is none.
        """
        face = self.people.face(collection_id, face_id)
        whom = Whom(collection_id=collection_id, face_ids=frozenset({face_id}))

        def find(_: Set[str]) -> "_Holding":
            faces = self._faces(whom)
            if not faces or face.job_id is None:
                return _Holding(faces=faces)
            return _Holding(faces=faces, found=self._traces.of_job(face.job_id, whom))

        return self._until_nothing_is_left("face", whom, find, find(set()))

    def person(self, collection_id: str, person: str) -> AuditRecord:
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
            return _Holding(faces=faces, found=found)

        first = find(set())
        if not first:
            # An erasure that broke off may have told nobody that they are gone.
            self.collections.announce(self.collections.get(collection_id))
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        whom = Whom(collection_id=collection_id, person=person)
        return self._until_nothing_is_left("person", whom, find, first)

    def collection(self, collection_id: str) -> AuditRecord:
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
        faces = self._drop(collection)
        found = self._traces.find(Whom(collection_id=collection_id))
        self._traces.erase(found)
        BatchLists(outputs=self.outputs, realm=self.realm).erase_collection(collection_id)
        record = self._audit("collection", collection_id, faces=faces, jobs=len(found.jobs))
        # What comes to a next collection of this id shall be later than the record.
        self.sleep(max(0.0, recorded_s + self.settle_s - self.clock()))
        self.collections.delete_record(collection)
        return record

    @cached_property
    def _traces(self) -> Traces:
        return Traces(inputs=self.inputs, outputs=self.outputs, realm=self.realm)

    def _until_nothing_is_left(
        self,
        kind: Kind,
        whom: Whom,
        find: Callable[[Set[str]], "_Holding"],
        first: "_Holding",
    ) -> AuditRecord:
        """Erase what is found, and look again, until nothing is found."""
        record_id = uuid.uuid4().hex
        faces: set[str] = set(whom.face_ids)
        erased, jobs = 0, 0
        holding = first
        for _ in range(_ROUNDS):
            faces |= holding.faces
            self._note(whom, record_id, faces)
            self._erase(whom.collection_id, holding)
            round_of = self._audit(
                kind,
                whom.collection_id,
                faces=len(holding.faces),
                jobs=len(holding.found.jobs),
            )
            erased, jobs = erased + round_of.faces, jobs + round_of.jobs
            self._note(whom, record_id, faces)
            self.sleep(self.settle_s)
            holding = find(faces)
            if not holding:
                return round_of.model_copy(update={"faces": erased, "jobs": jobs})
        raise StorageUnavailable("what is erased is enrolled again all the time")

    def _note(self, whom: Whom, record_id: str, face_ids: Set[str]) -> None:
        """Leave the record, as of now: all that was accepted until now is covered."""
        self.collections.record(
            whom.collection_id,
            lambda log, now: log.with_record(
                record_id, at=now, person=whom.person, face_ids=sorted(face_ids)
            ),
        )

    def _erase(self, collection_id: str, holding: "_Holding") -> None:
        self._traces.erase(holding.found)
        if holding.faces:
            collection = self.collections.now(collection_id)
            self.index.erase(collection.gallery_id, sorted(holding.faces))

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

    def _audit(self, erased: Kind, collection_id: str, *, faces: int, jobs: int) -> AuditRecord:
        record = AuditRecord(
            erased=erased,
            collection_id=collection_id,
            faces=faces,
            jobs=jobs,
            erased_at=datetime.now(UTC),
        )
        key = audit_key(record.erased_at, str(uuid.uuid4()))
        self.gallery.put(key, record.model_dump_json().encode(), content_type="application/json")
        log.info(
            "%s was erased",
            erased,
            extra={"collection": collection_id, "faces": faces, "jobs": jobs},
        )
        return record


@dataclass(frozen=True, kw_only=True)
class _Holding:
    """What still holds the person: ids of enrolled faces, and jobs."""

    faces: frozenset[str] = frozenset()
    found: Found = field(default_factory=Found)

    def __bool__(self) -> bool:
        return bool(self.faces or self.found)
