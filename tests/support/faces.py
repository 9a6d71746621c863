"""Made-up faces, for tests that are not about recognition."""

import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box
from core.faces.results import Face, ModelId, Recognition
from core.ports import EnrolledFace

MODEL = ModelId(name="test-model", version="1")


def embedding(position: float) -> NDArray[np.float32]:
    """Return an embedding; two of them are as far apart as their positions."""
    vector = np.zeros(128, dtype=np.float32)
    vector[0] = position
    return vector


def face(position: float = 0.0, *, side_px: float = 100) -> Face:
    return Face(
        box=Box(left=10, top=20, right=10 + side_px, bottom=20 + side_px),
        landmarks={"nose": (60.0, 70.0)},
        detection_score=1.5,
        embedding=embedding(position),
    )


def recognition(*faces: Face, model: ModelId = MODEL) -> Recognition:
    return Recognition(width=640, height=480, faces=faces, model=model, timings_ms={"decode": 1.0})


def enrolled(person: str, position: float, face_id: str | None = None) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id or f"id of {person}", person=person, embedding=embedding(position)
    )
