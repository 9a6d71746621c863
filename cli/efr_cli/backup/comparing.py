"""What differs between two deployments, page by page."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from core.errors import CollectionNotFound
from core.ports import EnrolledFace, FaceIndex, ObjectStore

_PAGE: Final = 1000


def faces_between(
    index: FaceIndex, gallery_id: str, *, after: str, until: str | None
) -> Iterator[EnrolledFace]:
    """Yield the faces behind an id, to another one or to the end; none if there is no gallery."""
    try:
        while page := index.page(gallery_id, limit=_PAGE, after=after):
            yield from (face for face in page if until is None or face.face_id <= until)
            after = page[-1].face_id
            if until is not None and after > until:
                return
    except CollectionNotFound:
        return


def keys_between(
    store: ObjectStore, prefix: str, *, after: str, until: str | None
) -> Iterator[str]:
    """Yield the keys with a prefix behind one, to another one or to the end."""
    while keys := store.keys(prefix, after=after, limit=_PAGE):
        yield from (key for key in keys if until is None or key <= until)
        after = keys[-1]
        if until is not None and after > until:
            return


def changed_faces(
    faces: Sequence[EnrolledFace], known: dict[str, EnrolledFace]
) -> list[EnrolledFace]:
    """Return the faces that are not there as they are here."""
    return [face for face in faces if not _is_same(face, known.get(face.face_id))]


def _is_same(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    """Tell whether a face is there as it is here, as exactly as any engine keeps it."""
    return (
        known is not None
        and _said(face) == _said(known)
        and np.allclose(face.embedding, known.embedding, rtol=0, atol=1e-6)
    )


def _said(face: EnrolledFace) -> tuple[object, ...]:
    box = None if face.box is None else tuple(round(each, 3) for each in vars(face.box).values())
    quality = None if face.quality is None else round(face.quality, 3)
    at = None if face.enrolled_at is None else round(face.enrolled_at.timestamp(), 3)
    said = (face.person, face.image_id, face.job_id, face.rejected, dict(face.metadata))
    return (*said, box, quality, at)
