"""The same photo under two names: its face can't be both people's."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.ports import EnrolledFace, FaceIndex, Match

_SAME: Final = 0.02
"""Distance below which embeddings are of one photo; other photos of a face are much farther."""
_NEAREST: Final = 10


def of_others(index: FaceIndex, gallery_id: str | None, faces: Sequence[EnrolledFace]) -> set[str]:
    """Return the ids of named faces that are someone else's already, on the same photo.

    Parameters
    ----------
    gallery_id : str, optional
        Where to look; what other processes store is seen as late as by any search.
    faces : sequence of EnrolledFace
        Of two that are the same the first one is taken.
    """
    named = [face for face in faces if face.person is not None]
    owners = _owners(index, gallery_id, named)
    taken: list[EnrolledFace] = []
    refused: set[str] = set()
    for face, persons in zip(named, owners, strict=True):
        persons |= {other.person for other in taken if _are_same(face, other)}
        if persons <= {face.person, None}:
            taken.append(face)
        else:
            refused.add(face.face_id)
    return refused


def _owners(
    index: FaceIndex, gallery_id: str | None, faces: Sequence[EnrolledFace]
) -> list[set[str | None]]:
    """Return for each face the persons whose the same one is in the gallery."""
    if gallery_id is None or not faces:
        return [set() for _ in faces]
    probes = np.stack([face.embedding for face in faces])
    found = index.search(gallery_id, probes, limit=_NEAREST)
    same = [
        {match.face_id for match in matches if _is_other(face, match)}
        for face, matches in zip(faces, found, strict=True)
    ]
    persons = _persons(index, gallery_id, sorted(set().union(*same)))
    return [{persons[known] for known in known_ids if known in persons} for known_ids in same]


def _is_other(face: EnrolledFace, match: Match) -> bool:
    if match.distance >= _SAME or match.face_id == face.face_id:
        return False
    return match.person not in (face.person, None)


def _persons(index: FaceIndex, gallery_id: str, face_ids: list[str]) -> dict[str, str | None]:
    """Look up whose faces these are now: a search may not know yet what was erased or renamed."""
    if not face_ids:
        return {}
    return {face.face_id: face.person for face in index.get(gallery_id, face_ids)}


def _are_same(face: EnrolledFace, other: EnrolledFace) -> bool:
    if face.person == other.person or face.face_id == other.face_id:
        return False
    return float(np.linalg.norm(face.embedding - other.embedding)) < _SAME
