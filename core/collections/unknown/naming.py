"""What users say of a group: whose faces they are, or that they are nobody's.

A group is claimed first (`GroupStore.claim`), so that of two who name it at once one is told to
list the groups again. Faces that were named or erased since stay as they are. If it breaks off,
what was not named yet is shown as a group again.
"""

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core.collections.collection import Collection
from core.collections.enrolment.face_writer import FaceWriter
from core.collections.kept_faces import KeptFaces, was_kept
from core.collections.people import People
from core.collections.registry import Collections
from core.collections.unknown.group_store import Group, GroupStore
from core.errors import GroupChanged, PersonRejected
from core.ground.names import EVERYBODY
from core.ports import EnrolledFace, FaceIndex


@dataclass(frozen=True, kw_only=True)
class Named:
    """How many faces of a group got a name, and which did not since the person was rejected."""

    faces: int
    rejected: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GroupNaming:
    """Names and ignores groups. Every method raises ``CollectionNotFound`` if there is none."""

    store: GroupStore
    collections: Collections
    index: FaceIndex
    kept: KeptFaces
    people: People
    writer: FaceWriter

    def name(
        self, collection_id: str, group_id: str, person: str, *, without: Set[str] = frozenset()
    ) -> Named:
        """Give the faces of a group a name, but for some, which are grouped anew.

        Raises
        ------
        GroupChanged
            If there is no such group now, or it is ignored.
        PersonRejected
            If users rejected the person for all of these faces.
        """
        since = self.collections.erasures.clock()
        with self._claimed(collection_id, group_id) as (collection, group):
            chosen = [face for face in group.faces if face not in without]
            kept, enrolled = self._unnamed(collection, chosen)
            if any(EVERYBODY in face.rejected for face in (*kept, *enrolled)):
                raise GroupChanged("the group is ignored; list the groups again")
            refused = tuple(face.face_id for face in (*kept, *enrolled) if person in face.rejected)
            kept = [face for face in kept if face.face_id not in refused]
            theirs = [face.face_id for face in enrolled if face.face_id not in refused]
            if refused and not kept and not theirs:
                raise PersonRejected(f"all faces were said not to be {person!r}")
            named = len(self.people.assign(collection_id, theirs, person)) if theirs else 0
            if kept and collection.unknowns is not None:
                added = self.writer.add(
                    collection_id,
                    [replace(face, person=person) for face in kept],
                    model=collection.unknowns.model,
                    accepted_at=since,
                )
                named += len(added.faces)
                self.kept.erase(collection, [face.face_id for face in kept])
            return Named(faces=named, rejected=refused)

    def ignore(self, collection_id: str, group_id: str) -> int:
        """Say that a group is nobody's: it is not shown again; return how many faces it has.

        Its faces are enrolled then, without a person, so that searches find them before people
        who are farther.

        Raises
        ------
        GroupChanged
            If there is no such group now.
        """
        since = self.collections.erasures.clock()
        with self._claimed(collection_id, group_id, stays=True) as (collection, group):
            kept, enrolled = self._unnamed(collection, group.faces)
            if kept and collection.unknowns is not None:
                self.writer.add(
                    collection_id,
                    [_nobodys(face) for face in kept],
                    model=collection.unknowns.model,
                    accepted_at=since,
                )
                self.kept.erase(collection, [face.face_id for face in kept])
            if enrolled:
                ids = [face.face_id for face in enrolled]
                self.people.change(collection_id, ids, _nobodys)
            return len(kept) + len(enrolled)

    def unignore(self, collection_id: str, group_id: str) -> int:
        """Undo that; return how many faces are shown again.

        Raises
        ------
        GroupChanged
            If there is no such group now.
        """
        with self._claimed(collection_id, group_id, stays=True) as (collection, group):
            kept, enrolled = self._unnamed(collection, group.faces)
            back = [face for face in enrolled if was_kept(collection_id, face)]
            stay = [face.face_id for face in enrolled if not was_kept(collection_id, face)]
            if stay:
                self.people.change(collection_id, stay, _somebodys)
            self._keep_again(collection, back)
            return len(kept) + len(enrolled)

    def _keep_again(self, collection: Collection, faces: Sequence[EnrolledFace]) -> None:
        """Let enrolled faces be kept as unknown again."""
        if not faces or collection.model is None:
            return
        length = len(faces[0].embedding)
        collection = self.collections.bind_unknowns(collection, collection.model, length=length)
        again = [_somebodys(face) for face in faces]
        self.kept.put(collection, again)
        self._forget_erased(collection, again)
        self.index.erase(collection.gallery_id, [face.face_id for face in faces])

    def _forget_erased(self, collection: Collection, faces: list[EnrolledFace]) -> None:
        """Take back faces that were erased while they were put."""
        log = self.collections.erased(self.collections.now(collection.collection_id))
        gone = [face.face_id for face in faces if log.covers_face(face.face_id)]
        self.kept.erase(collection, gone)

    def _unnamed(
        self, collection: Collection, face_ids: tuple[str, ...] | list[str]
    ) -> tuple[list[EnrolledFace], list[EnrolledFace]]:
        """Return the faces that are kept, and those that are enrolled without a person."""
        enrolled: list[EnrolledFace] = []
        if collection.model is not None:
            enrolled = self.people.found(collection, face_ids)
        there = {face.face_id for face in enrolled}
        kept = self.kept.get(collection, [face for face in face_ids if face not in there])
        return kept, [face for face in enrolled if face.person is None]

    @contextmanager
    def _claimed(
        self, collection_id: str, group_id: str, *, stays: bool = False
    ) -> Iterator[tuple[Collection, Group]]:
        """Claim a group for the block; then it is gone, or stays, as it does if that fails."""
        collection = self.collections.now(collection_id)
        group = self.store.claim(collection, group_id)
        try:
            yield collection, group
        except BaseException:
            self.store.release(collection, group_id, group)
            raise
        self.store.release(collection, group_id, group if stays else None)


def _nobodys(face: EnrolledFace) -> EnrolledFace:
    return replace(face, rejected=face.rejected | {EVERYBODY})


def _somebodys(face: EnrolledFace) -> EnrolledFace:
    return replace(face, rejected=face.rejected - {EVERYBODY})
