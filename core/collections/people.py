"""What users say of enrolled faces: rename, merge, reassign, reject."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.collections.consents import Consents
from core.collections.enrolled_faces import EnrolledFaces, no_face, nobody
from core.collections.erased.erasure_log import ErasureLog
from core.collections.person_ids import PersonIds
from core.errors import PersonRejected
from core.ground.names import EVERYBODY
from core.ports import EnrolledFace

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """How many faces got another name, and whether someone had that name before."""

    faces: int
    is_merge: bool


@dataclass(frozen=True, kw_only=True)
class People(EnrolledFaces):
    """The people of collections, and what users say of them.

    Every method raises ``CollectionNotFound`` if there is no such collection.

    Parameters
    ----------
    settle_s : float
        Time after which no running process gives a name by what it knew before. Longer than a
        second, after which S3's clock, which tells seconds, is another one.
    sleep : callable
        How to let that time pass.
    """

    consents: Consents
    ids: PersonIds
    settle_s: float
    sleep: Callable[[float], None]

    def rename(self, collection_id: str, person: str, new_name: str) -> Renamed:
        """Give a person's faces another name, which may be that of an enrolled person.

        A face for which users rejected the new name loses its name. Photos that wait to be
        enrolled under the former name get the new one. Once this returns, someone who is
        enrolled under the former name is another person, and no result that is stored later
        gives the former name for these faces. The consent note, the metadata and the id go along;
        where two people are merged, the id is that of the one whose name stays.

        Raises
        ------
        PersonNotFound
            If no one of that name is enrolled.
        """
        self.faces_of(collection_id, person)
        is_merge = new_name != person and bool(self.faces(collection_id, limit=1, person=new_name))
        # First, so that a photo that waits under the former name gets the new one, too.
        self.collections.record(
            collection_id,
            lambda log, now: log.with_renaming(at=now, person=person, new_name=new_name),
        )
        self.consents.link(collection_id, person, new_name)
        collection = self.collections.get(collection_id)
        if new_name != person and not is_merge:
            self.ids.carry(collection, person, new_name)
        renamed = self._change(
            collection_id,
            lambda: self.faces_of(collection_id, person),
            lambda face: replace(face, person=None if new_name in face.rejected else new_name),
        )
        if not renamed:
            raise nobody(person, collection_id)
        self.sleep(self.settle_s)  # or a photo that is accepted now would count as earlier, too
        self.consents.move(collection_id, person, new_name)
        if new_name != person:
            self.ids.leave(collection, person)
        return Renamed(faces=len(renamed), is_merge=is_merge)

    def reassign(self, collection_id: str, face_id: str, person: str) -> EnrolledFace:
        """Say whose face it is.

        Photos of it that wait to be enrolled under another name get this one.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        PersonRejected
            If it was said before that it is not that person's.
        """

        def reassigned(face: EnrolledFace) -> EnrolledFace:
            if person in face.rejected:
                raise PersonRejected(f"face {face_id} was said not to be {person!r}")
            return replace(face, person=person, rejected=face.rejected - {EVERYBODY})

        reassigned(self.face(collection_id, face_id))
        # First, so that whoever stores the face just now, too, gives it this name.
        self.collections.record(
            collection_id,
            lambda log, now: log.with_reassignment(at=now, face_id=face_id, person=person),
        )
        return self._change_one(collection_id, face_id, reassigned)

    def assign(
        self, collection_id: str, face_ids: Sequence[str], person: str
    ) -> list[EnrolledFace]:
        """Give faces without a person one, but for those whose rejections have them; return these.

        As with `reassign`, photos of them that wait under another name get this one.
        """

        def noted(log: ErasureLog, now: datetime) -> ErasureLog:
            for face_id in face_ids:
                log = log.with_reassignment(at=now, face_id=face_id, person=person)
            return log

        self.collections.record(collection_id, noted)
        return self._change(
            collection_id,
            lambda: [
                face
                for face in self.found(self.collections.now(collection_id), face_ids)
                if face.person is None and person not in face.rejected
            ],
            lambda face: replace(face, person=person),
        )

    def change(
        self,
        collection_id: str,
        face_ids: Sequence[str],
        change: Callable[[EnrolledFace], EnrolledFace],
    ) -> list[EnrolledFace]:
        """Store those of the faces that are there as they are after a change, and return them."""
        return self._change(
            collection_id,
            lambda: self.found(self.collections.now(collection_id), face_ids),
            change,
        )

    def reject(self, collection_id: str, face_id: str, person: str) -> EnrolledFace:
        """Say that a face is not that person's: it is never matched to them again.

        No result that is stored once this returns names them by that face.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        """
        kept = self.kept.get(self.collections.now(collection_id), [face_id])
        if kept:
            return self._reject_kept(collection_id, kept[0], person)
        self.face(collection_id, face_id)
        # First, so that whoever stores the face just now, too, takes it back.
        self.collections.record(
            collection_id,
            lambda log, now: log.with_rejection(at=now, face_id=face_id, person=person),
        )
        rejected = self._change_one(
            collection_id,
            face_id,
            lambda face: replace(
                face,
                person=None if face.person == person else face.person,
                rejected=face.rejected | {person},
            ),
        )
        self.sleep(self.settle_s)
        return rejected

    def _reject_kept(self, collection_id: str, face: EnrolledFace, person: str) -> EnrolledFace:
        """Note it with an unknown face, which names nobody: no answer changes by it."""
        rejected = replace(face, rejected=face.rejected | {person})
        self.kept.put(self.collections.now(collection_id), [rejected])
        now = self.collections.now(collection_id)
        if self.collections.erased(now).covers_face(face.face_id):
            self.kept.erase(now, [face.face_id])
            raise no_face(face.face_id, collection_id)
        return rejected

    def _change_one(
        self, collection_id: str, face_id: str, change: Callable[[EnrolledFace], EnrolledFace]
    ) -> EnrolledFace:
        changed = self._change(collection_id, lambda: [self.face(collection_id, face_id)], change)
        if not changed:
            raise no_face(face_id, collection_id)
        return changed[0]

    def _change(
        self,
        collection_id: str,
        read: Callable[[], list[EnrolledFace]],
        change: Callable[[EnrolledFace], EnrolledFace],
    ) -> list[EnrolledFace]:
        """Store faces as they are after a change, and return them.

        Faces that are erased between the reading and the storing are not brought back, and
        persons who are renamed or rejected then are so afterwards: the records are looked at
        before and after, as in `FaceWriter`.
        """
        collection = self.collections.now(collection_id)
        former = self.collections.erased(collection)
        changed = [change(face) for face in read()]
        for start in range(0, len(changed), _PAGE):
            self.index.put(collection.gallery_id, changed[start : start + _PAGE])
        now = self.collections.now(collection_id)
        since = self.collections.erased(now).since(former)
        gone = {face.face_id for face in changed if since.covers_face(face.face_id)}
        if gone:
            self.index.erase(now.gallery_id, sorted(gone))
        left = [face for face in changed if face.face_id not in gone]
        as_said = [_as_said_since(face, since) for face in left]
        overtaken = [
            said for said, face in zip(as_said, left, strict=True) if said.person != face.person
        ]
        if overtaken:
            self.index.put(now.gallery_id, overtaken)
        return as_said


def _as_said_since(face: EnrolledFace, since: ErasureLog) -> EnrolledFace:
    """Return a face under the name that others gave its person meanwhile, unless they rejected it.

    The records tell which names are rejected only to those who ask for a name.
    """
    person = since.name_now(face.person, None, face_id=face.face_id)
    if person is not None and since.rejects(face.face_id, person, None):
        return replace(face, person=None, rejected=face.rejected | {person})
    return replace(face, person=person)
