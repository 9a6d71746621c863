"""Faces that are stored already, when they are to be stored again."""

from dataclasses import replace

import numpy as np

from core.ports import EnrolledFace


def as_users_said(face: EnrolledFace, known: EnrolledFace | None, name: str | None) -> EnrolledFace:
    """Keep what was said of this face before, unless it is now said again whose it is.

    A job that runs twice says nothing new, except that its person may be called otherwise by
    now. A face is never again a person's whose it was said not to be.
    """
    if known is None:
        return replace(face, person=None if name in face.rejected else name)
    is_repeated = face.job_id is not None and face.job_id == known.job_id
    is_said = face.person is None or (is_repeated and known.person != face.person)
    person = known.person if is_said else name
    rejected = face.rejected | known.rejected
    return replace(
        face,
        person=None if person in rejected else person,
        rejected=rejected,
        job_id=face.job_id or known.job_id,
    )


def is_same(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    """Tell whether a face is stored as it is to be."""
    return (
        known is not None
        and _without_embedding(face) == _without_embedding(known)
        and np.array_equal(face.embedding, known.embedding)
    )


def _without_embedding(face: EnrolledFace) -> tuple[object, ...]:
    return (face.person, face.image_id, dict(face.metadata), face.rejected, face.job_id)
