"""Made-up faces, for tests that are not about recognition."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.bootstrap.shared import Shared
from core.faces.geometry import Box
from core.faces.results import EVERY_FACE, POOR_QUALITY, Face, Model, Needed, Recognition
from core.ports import EnrolledFace
from core.testing.recognizer import as_needed

MODEL = Model(name="test-model", version="1")
OTHER_MODEL = Model(name="other-model", version="1")
TIMINGS_MS = {"decode": 1.0, "detect": 4.0, "align": 0.5, "embed": 2.0}
"""Of each recognised photo."""


def embedding(position: float) -> NDArray[np.float32]:
    """Return an embedding; two of them are as far apart as their positions."""
    vector = np.zeros(128, dtype=np.float32)
    vector[0] = position
    return vector


def enrol(shared: Shared, *faces: EnrolledFace, collection_id: str = "family") -> None:
    """Put faces into a collection as they are."""
    collection = shared.collections.get(collection_id)
    bound = shared.collections.bind(collection, MODEL, length=128)
    shared.index.put(bound.gallery_id, faces)


def embedding_like_no_other(seed: int) -> NDArray[np.float32]:
    """Return an embedding whose bytes are found nowhere by chance."""
    vector = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit


def face(
    position: float = 0.0,
    *,
    left: float = 10,
    side_px: float = 100,
    vector: NDArray[np.float32] | None = None,
    quality: float = 100,
) -> Face:
    return Face(
        box=Box(left=left, top=20, right=left + side_px, bottom=20 + side_px),
        landmarks={"nose": (60.0, 70.0)},
        detection_score=1.5,
        embedding=embedding(position) if vector is None else vector,
        quality=quality,
        flaws=("LOW_SHARPNESS",) if quality < POOR_QUALITY else (),
    )


def recognition(*faces: Face, model: Model = MODEL) -> Recognition:
    return Recognition(width=640, height=480, faces=faces, model=model, timings_ms=TIMINGS_MS)


def enrolled(
    person: str | None,
    position: float,
    face_id: str | None = None,
    *,
    image_id: str = "photo.jpg",
    rejected: frozenset[str] = frozenset(),
    job_id: str | None = None,
) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id or f"id of {person}",
        person=person,
        image_id=image_id,
        embedding=embedding(position),
        metadata={"album": "summer"},
        rejected=rejected,
        job_id=job_id,
    )


@dataclass(kw_only=True)
class RecognizerByPhoto:
    """Knows what each photo shows; a photo that it was not told of shows nobody."""

    shown: dict[bytes, Recognition | Exception] = field(default_factory=dict)

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        found = self.shown.get(photo, recognition())
        if isinstance(found, Exception):
            raise found
        return as_needed(found, needed)
