"""The groups of a collection's unnamed faces: enrolled without a person, and kept as unknown."""

import threading
import uuid
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from core.collections.collection import Collection
from core.collections.kept_faces import KeptFaces
from core.collections.registry import Collections
from core.collections.unknown.group_store import Group, Grouping, GroupStore
from core.errors import StorageUnavailable
from core.faces.grouping import NEAR_SHARE, inherited, regrouped
from core.ground.names import EVERYBODY
from core.jobs.webhooks.outbox import Outbox
from core.ports import EnrolledFace, FaceIndex, UnnamedFace

TOLD_FROM: Final = 5
"""Faces from which on a group is told of."""
AT_ONCE: Final = 2000
"""New faces that are grouped while someone waits for the answer."""
_ATTEMPTS: Final = 20
_PAGE: Final = 1000
_COLLECTIONS: Final = 20
"""Whose embeddings are kept in memory; those of 50,000 faces take 25 MB."""

_Vectors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The groups of a collection as they are now.

    ``unnamed`` are its faces without a person, by id, and ``kept`` which of them are not
    enrolled. ``pending`` new faces are in no group yet.
    """

    collection: Collection
    grouping: Grouping
    unnamed: Mapping[str, UnnamedFace]
    kept: frozenset[str]
    pending: int

    def is_ignored(self, group: Group) -> bool:
        """Tell whether someone said of a face of it that it is nobody's."""
        return any(
            EVERYBODY in self.unnamed[face].rejected for face in group.faces if face in self.unnamed
        )


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups unnamed faces, and stores which are together; for many threads.

    Parameters
    ----------
    store : GroupStore
    max_distance : float
        Largest distance at which a search names someone.
    outbox : Outbox
        Where groups are told of.
    """

    store: GroupStore
    collections: Collections
    index: FaceIndex
    kept: KeptFaces
    max_distance: float
    outbox: Outbox
    _vectors: LRUCache[str, _Vectors] = field(default_factory=lambda: LRUCache(_COLLECTIONS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, collection_id: str, *, most: int | None = AT_ONCE) -> Seen:
        """Bring a collection's groups up to date, and return them.

        Parameters
        ----------
        most : int, optional
            New faces that are grouped; None for all.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        """
        for _ in range(_ATTEMPTS):
            collection = self.collections.now(collection_id)
            grouping, version = self.store.read(collection)
            seen = self._seen(collection, grouping, most)
            if seen.grouping == grouping or self.store.write(
                collection, seen.grouping, version=version
            ):
                return self._told(seen)
        raise StorageUnavailable("the groups were changed by others all the time")

    def faces(self, seen: Seen, face_ids: Sequence[str]) -> list[EnrolledFace]:
        """Return the faces of these ids that are there and have no person."""
        enrolled = [face_id for face_id in face_ids if face_id not in seen.kept]
        found = self.kept.get(seen.collection, [each for each in face_ids if each in seen.kept])
        if seen.collection.model is not None:
            for start in range(0, len(enrolled), _PAGE):
                part = enrolled[start : start + _PAGE]
                found += self.index.get(seen.collection.gallery_id, part)
        return [face for face in found if face.person is None]

    def _seen(self, collection: Collection, grouping: Grouping, most: int | None) -> Seen:
        kept = {face.face_id: face for face in self.kept.listed(collection)}
        model = collection.model
        if model is not None and collection.unknowns and collection.unknowns.model != model:
            kept = {}  # can't be compared
        unnamed = dict(kept)
        if model is not None:
            enrolled = self.index.unnamed(collection.gallery_id)
            unnamed |= {face.face_id: face for face in enrolled}
            kept = {face: kept[face] for face in kept.keys() - {each.face_id for each in enrolled}}
        seen = Seen(
            collection=collection,
            grouping=grouping,
            unnamed=unnamed,
            kept=frozenset(kept),
            pending=0,
        )
        return self._regrouped(seen, most)

    def _regrouped(self, seen: Seen, most: int | None) -> Seen:
        """Return the groups with the new faces, and without those that are gone."""
        now = self.store.now()
        claimed = {
            group_id: group
            for group_id, group in seen.grouping.groups.items()
            if group.is_claimed(now)
        }
        busy = {face for group in claimed.values() for face in group.faces}
        of_faces = {
            face: group_id
            for face, group_id in seen.grouping.of_faces.items()
            if face in seen.unnamed and group_id not in claimed
        }
        waiting = sorted(seen.unnamed.keys() - of_faces.keys() - busy)
        new = waiting if most is None else waiting[:most]
        groups = self._grown(seen, of_faces, new) if new else _left(seen.grouping, of_faces.keys())
        return Seen(
            collection=seen.collection,
            grouping=seen.grouping.model_copy(update={"groups": claimed | groups}),
            unnamed=seen.unnamed,
            kept=seen.kept,
            pending=len(waiting) - len(new),
        )

    def _grown(
        self, seen: Seen, of_faces: Mapping[str, str], new: Sequence[str]
    ) -> dict[str, Group]:
        vectors = self._embeddings(seen, [*of_faces, *new])
        faces = sorted(vectors)
        if not faces:
            return {}
        former = [of_faces.get(face) for face in faces]
        together = regrouped(
            np.stack([vectors[face] for face in faces]),
            former,
            near=NEAR_SHARE * self.max_distance,
        )
        groups: dict[str, Group] = {}
        for rows, heir in zip(together, inherited(together, former), strict=True):
            before = None if heir is None else seen.grouping.groups[heir]
            groups[heir or str(uuid.uuid4())] = Group(
                faces=tuple(sorted(faces[row] for row in rows)),
                told=before is not None and before.told,
            )
        return groups

    def _embeddings(self, seen: Seen, face_ids: Sequence[str]) -> _Vectors:
        """Return the embeddings of faces; those of the last time are in memory."""
        key = f"{seen.collection.gallery_id} {seen.collection.unknowns}"
        with self._lock:
            known = self._vectors.get(key, {})
        missing = [face_id for face_id in face_ids if face_id not in known]
        read = {face.face_id: face.embedding for face in self.faces(seen, missing)}
        vectors = {
            face_id: known[face_id] if face_id in known else read[face_id]
            for face_id in face_ids
            if face_id in known or face_id in read
        }
        with self._lock:
            self._vectors[key] = vectors
        return vectors

    def _told(self, seen: Seen) -> Seen:
        """Tell of groups that are large enough for the first time, perhaps once more."""
        due = [
            group_id
            for group_id, group in seen.grouping.groups.items()
            if not group.told and len(group.faces) >= TOLD_FROM and not seen.is_ignored(group)
        ]
        if not due:
            return seen
        collection = seen.collection
        for group_id in due:
            faces = len(seen.grouping.groups[group_id].faces)
            self.outbox.unknown_grouped(collection.collection_id, group_id, faces=faces)
        grouping, version = self.store.read(collection)
        for group_id in due:
            if group_id in grouping.groups:
                told = grouping.groups[group_id].model_copy(update={"told": True})
                grouping = grouping.having(group_id, told)
        # If others were faster, the next one tells of them again, under the same ids.
        self.store.write(collection, grouping, version=version)
        return seen


def _left(grouping: Grouping, faces: Set[str]) -> dict[str, Group]:
    """Return the groups with those of their faces that are still there."""
    kept = {
        group_id: group.model_copy(
            update={
                "faces": tuple(face for face in group.faces if face in faces),
                "claimed_at": None,
            }
        )
        for group_id, group in grouping.groups.items()
    }
    return {group_id: group for group_id, group in kept.items() if group.faces}
