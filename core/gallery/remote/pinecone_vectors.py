"""How enrolled faces become vectors and requests of Pinecone's."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from core.gallery.remote.payload import to_face, to_json
from core.ports import EnrolledFace

if TYPE_CHECKING:
    from pinecone import Vector

IDS_A_PAGE: Final = 100
"""As many as Pinecone lists at once, and as fit into an address."""
_MAX_PREFIX: Final = 7
_MAX_METADATA_BYTES: Final = 40_960
_MAX_UPSERT: Final = 1000
_MAX_REQUEST_BYTES: Final = 1_500_000
"""Below the 2 MB that an upsert may have."""
_BYTES_PER_NUMBER: Final = 26
_BYTES_BESIDE_PAYLOAD: Final = 1_000
"""Of the metadata: the person once more, and the fields' names."""


def prefixes_from(count: int, after: str) -> Iterator[str]:
    """Yield beginnings of ids, from that of ``after`` on, in order.

    They are as long as needed for about one answer of Pinecone's each.
    """
    digits = 0
    while digits < _MAX_PREFIX and count > IDS_A_PAGE * 16**digits:
        digits += 1
    first = int(after[:digits] or "0", 16)
    for number in range(first, 16**digits):
        yield f"{number:0{digits}x}" if digits else ""


def upserts(vectors: Sequence["Vector"]) -> Iterator[list["Vector"]]:
    """Cut vectors into requests that Pinecone accepts."""
    batch: list[Vector] = []
    size = 0
    for vector in vectors:
        added = _BYTES_PER_NUMBER * len(vector.values) + _metadata_bytes(vector)
        if batch and (size + added > _MAX_REQUEST_BYTES or len(batch) == _MAX_UPSERT):
            yield batch
            batch, size = [], 0
        batch.append(vector)
        size += added
    if batch:
        yield batch


def _metadata_bytes(vector: "Vector") -> int:
    return len(json.dumps(vector.metadata, ensure_ascii=False).encode())


def to_vector(face: EnrolledFace) -> "Vector":
    from pinecone import Vector

    payload = to_json(face, limit_bytes=_MAX_METADATA_BYTES - _BYTES_BESIDE_PAYLOAD)
    metadata: dict[str, Any] = {"payload": payload}  # as text, for nulls are not allowed
    if face.person is not None:
        metadata["person"] = face.person
    return Vector(id=face.face_id, values=face.embedding.tolist(), metadata=metadata)


def from_vector(vector: "Vector") -> EnrolledFace:
    return to_face(vector.id, vector.values, payload_of(vector.metadata))


def payload_of(metadata: dict[str, Any] | None) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((metadata or {})["payload"])
    return payload
