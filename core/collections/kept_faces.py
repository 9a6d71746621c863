"""Unknown faces that are kept beside a collection, in a gallery of their own.

So they change neither what a search finds nor what tells that earlier answers are stale. Their
crops lie with those of the collection's faces.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.collections.collection import Collection
from core.errors import CollectionNotFound
from core.ports import EnrolledFace, FaceIndex, UnnamedFace

_NAMESPACE: Final = uuid.UUID("0a9a2a54-5b0c-4d0e-8a55-0d3f7f1b6c21")
_AT_ONCE: Final = 1000


def kept_image_id(source: str, position: int) -> str:
    """Return the image of a kept face: a job, or something unique, and which of its faces."""
    return f"unknown/{source}/{position}"


def kept_face_id(collection_id: str, image_id: str) -> str:
    """Return the id of a kept face, the same at every attempt."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps([collection_id, image_id])))


def was_kept(collection_id: str, face: EnrolledFace) -> bool:
    """Tell whether a face was kept as unknown first, wherever it is now."""
    return face.face_id == kept_face_id(collection_id, face.image_id)


@dataclass(frozen=True, kw_only=True)
class KeptFaces:
    """The unknown faces of collections. Every method may raise ``ServiceUnavailable``.

    Collections must be as they are now (`Collections.now`).
    """

    index: FaceIndex

    def listed(self, collection: Collection) -> list[UnnamedFace]:
        """Return all kept faces of a collection."""
        if collection.unknowns is None:
            return []
        try:
            return self.index.unnamed(collection.unknowns.gallery_id)
        except CollectionNotFound:  # another process dropped it just now
            return []

    def count(self, collection: Collection) -> int:
        """Return how many faces of a collection are kept."""
        if collection.unknowns is None:
            return 0
        with suppress(CollectionNotFound):
            return self.index.count(collection.unknowns.gallery_id)
        return 0

    def get(self, collection: Collection, face_ids: Iterable[str]) -> list[EnrolledFace]:
        """Return those of the faces that are kept."""
        wanted, found = list(face_ids), list[EnrolledFace]()
        if collection.unknowns is None:
            return found
        with suppress(CollectionNotFound):
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                found += self.index.get(collection.unknowns.gallery_id, part)
        return found

    def of_jobs(self, collection: Collection, job_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of the faces that these jobs' photos left."""
        jobs = frozenset(job_ids)
        if not jobs:
            return frozenset()
        return frozenset(face.face_id for face in self.listed(collection) if face.job_id in jobs)

    def put(self, collection: Collection, faces: Sequence[EnrolledFace]) -> None:
        """Store faces, in the gallery that the collection must have for them."""
        if collection.unknowns is not None and faces:
            self.index.put(collection.unknowns.gallery_id, faces)

    def erase(self, collection: Collection, face_ids: Sequence[str]) -> None:
        """Remove faces with every trace of them; no error if there are none."""
        if collection.unknowns is None or not face_ids:
            return
        with suppress(CollectionNotFound):
            self.index.erase(collection.unknowns.gallery_id, face_ids)

    def drop(self, collection: Collection) -> int:
        """Remove the gallery; return how many faces it held."""
        if collection.unknowns is None:
            return 0
        faces = self.count(collection)
        self.index.drop(collection.unknowns.gallery_id)
        return faces
