"""Storing a face again without losing what users changed meanwhile."""

from dataclasses import replace

import numpy as np

from core.ports import EnrolledFace


def keep_user_edits(
    face: EnrolledFace, known: EnrolledFace | None, name: str | None
) -> EnrolledFace:
    """Return a face to be stored, with the person and the rejections that users gave it.

    The stored person stays if the face comes without a name, or if the same job runs twice:
    its person may have been renamed since. A face never gets a person whom users rejected.
    It was enrolled when it was stored first; of one that a version stored which noted no time,
    this is the first time that is known. Files of older versions know no box of it.
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
        box=face.box or known.box,
        quality=known.quality if face.quality is None else face.quality,
        enrolled_at=known.enrolled_at or face.enrolled_at,
    )


def is_same(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    """Tell whether a face is stored already, exactly so."""
    return (
        known is not None
        and _without_embedding(face) == _without_embedding(known)
        and np.array_equal(face.embedding, known.embedding)
    )


def is_other_photo(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    """Tell whether a face is stored already, as another photo shows it."""
    return known is not None and not np.array_equal(face.embedding, known.embedding)


def _without_embedding(face: EnrolledFace) -> tuple[object, ...]:
    return tuple(value for name, value in vars(face).items() if name != "embedding")
