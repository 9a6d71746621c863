"""What the optional engines share: a face as a JSON payload beside its embedding."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from core.errors import InvalidRequest, InvalidSettings
from core.faces.geometry import box_of, corners
from core.ground.ids import is_face_id
from core.ports import EnrolledFace, Match

Item = TypeVar("Item")


def library_missing(engine: str) -> InvalidSettings:
    """Return the error that says how to install an engine's client library."""
    return InvalidSettings(f"FACE_INDEX={engine} needs: pip install '.[{engine}]' in a checkout")


def to_payload(face: EnrolledFace) -> dict[str, Any]:
    """Return all of a face but its id and its embedding."""
    return {
        "person": face.person,
        "image_id": face.image_id,
        "metadata": dict(face.metadata),
        "rejected": sorted(face.rejected),
        "job_id": face.job_id,
        "box": None if face.box is None else corners(face.box),
        "quality": face.quality,
        "enrolled_at": None if face.enrolled_at is None else face.enrolled_at.isoformat(),
    }


def to_json(face: EnrolledFace, *, limit_bytes: int) -> str:
    """Return a face's payload as JSON.

    Raises
    ------
    InvalidRequest
        If it is longer than an engine stores.
    """
    text = json.dumps(to_payload(face), ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > limit_bytes:
        raise InvalidRequest(
            f"metadata of face {face.face_id}: {size} bytes with all that belongs to the face, "
            f"over the {limit_bytes} that the index stores"
        )
    return text


def to_face(face_id: str, embedding: Sequence[float], payload: Mapping[str, Any]) -> EnrolledFace:
    box, enrolled_at = payload.get("box"), payload.get("enrolled_at")
    return EnrolledFace(
        face_id=face_id,
        person=payload["person"],
        image_id=payload["image_id"],
        embedding=np.asarray(embedding, dtype=np.float32),
        metadata=payload["metadata"],
        rejected=frozenset(payload["rejected"]),
        job_id=payload["job_id"],
        box=None if box is None else box_of(box),
        quality=payload.get("quality"),
        enrolled_at=None if enrolled_at is None else datetime.fromisoformat(enrolled_at),
    )


def to_match(face_id: str, distance: float, payload: Mapping[str, Any]) -> Match:
    return Match(
        face_id=face_id,
        person=payload["person"],
        distance=distance,
        rejected=frozenset(payload["rejected"]),
    )


def spellings(person: str) -> list[str]:
    """Return how a name may be stored: as it is, or decomposed by an older version."""
    return list(dict.fromkeys((person, unicodedata.normalize("NFD", person))))


def possible_ids(face_ids: Iterable[str]) -> list[str]:
    """Return each id once, without those that no face can have: a face's id is a UUID."""
    return [face_id for face_id in dict.fromkeys(face_ids) if is_face_id(face_id)]


def checked_after(after: str) -> str:
    """Return the id behind which a page begins.

    Raises
    ------
    InvalidRequest
        If it is neither empty nor a face's id.
    """
    if after and not is_face_id(after):
        raise InvalidRequest(f"after: must be the id of a face, not {after[:100]!r}")
    return after


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
