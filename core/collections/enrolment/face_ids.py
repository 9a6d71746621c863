"""Ids of faces, which follow from their photo and their place on it."""

import json
import uuid
from typing import Final

_MOST_FACES: Final = 100
"""Of one photo."""

_NAMESPACE: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


def face_id(collection_id: str, image_id: str, position: int) -> str:
    """Return the id of a photo's face, the same at every attempt.

    ``position`` counts from the largest face, 0, on.
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([collection_id, image_id, position])))


def possible_face_ids(collection_id: str, image_id: str) -> list[str]:
    """Return the ids that faces of a photo can have."""
    return [face_id(collection_id, image_id, position) for position in range(_MOST_FACES)]
