"""Faces that were recognised elsewhere into a collection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.collections import Collections
from core.errors import CollectionNotFound
from core.faces.results import ModelId
from core.ports import EnrolledFace, FaceIndex


@dataclass(frozen=True, kw_only=True)
class Added:
    """Faces as they are stored now, in the order given, and how many that changed."""

    faces: list[EnrolledFace]
    changed: int


def add_faces(
    collections: Collections,
    index: FaceIndex,
    collection_id: str,
    faces: Sequence[EnrolledFace],
    *,
    model: ModelId,
) -> Added:
    """Store faces; one never goes to a person whose it was said not to be.

    A face that is there keeps its name unless another one is given.

    Raises
    ------
    CollectionNotFound
        If there is no such collection, or it was erased meanwhile.
    ModelMismatch
        If the collection holds embeddings of another model.
    """
    while True:
        collection = collections.get(collection_id)
        collection = collections.bind(collection, model, length=len(faces[0].embedding))
        found = index.get(collection.gallery_id, [face.face_id for face in faces])
        known = {face.face_id: face for face in found}
        kept = [_as_users_said(face, known.get(face.face_id)) for face in faces]
        changed = [face for face in kept if not _same(face, known.get(face.face_id))]
        if changed:
            index.put(collection.gallery_id, changed)
        if collections.is_current(collection):
            return Added(faces=kept, changed=len(changed))
        _require(collections, index, collection_id, collection.gallery_id)


def _require(
    collections: Collections, index: FaceIndex, collection_id: str, gallery_id: str
) -> None:
    """Leave nothing in the gallery of a collection that was erased just now."""
    try:
        collections.get(collection_id)
    except CollectionNotFound:
        index.drop(gallery_id)
        raise


def _as_users_said(face: EnrolledFace, known: EnrolledFace | None) -> EnrolledFace:
    if known is None:
        return face
    rejected = face.rejected | known.rejected
    person = face.person or known.person
    return replace(face, rejected=rejected, person=None if person in rejected else person)


def _same(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    return (
        known is not None
        and _without_embedding(face) == _without_embedding(known)
        and np.array_equal(face.embedding, known.embedding)
    )


def _without_embedding(face: EnrolledFace) -> tuple[object, ...]:
    return (face.person, face.image_id, dict(face.metadata), face.rejected, face.job_id)


def pages(index: FaceIndex, gallery_id: str, *, limit: int) -> Iterable[list[EnrolledFace]]:
    """Yield all faces of a gallery, in order of ids."""
    after = ""
    while page := index.page(gallery_id, limit=limit, after=after):
        yield page
        after = page[-1].face_id
