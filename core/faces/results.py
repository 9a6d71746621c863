"""What the engine answers; importing it loads no model library."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box, Point

EMBEDDING_LENGTH: Final = 128

POOR_QUALITY: Final = 50.0
"""Faces of a lower quality have a flaw, are not enrolled, and make a name less sure."""


_MOST_CROP_BYTES: Final = 100_000
_JPEG_STARTS: Final = b"\xff\xd8\xff"


def is_crop(crop: bytes) -> bool:
    """Tell whether bytes may be a face's crop: a small JPEG."""
    return crop.startswith(_JPEG_STARTS) and len(crop) <= _MOST_CROP_BYTES


@dataclass(frozen=True, kw_only=True)
class Model:
    """The model that made the embeddings."""

    # Embeddings can be compared only within one model and version.
    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What a call needs of a photo: how many of its largest faces.

    ``described`` faces get landmarks and quality, ``embedded`` ones of them
    embeddings as well; None is for as many as the engine describes at most.
    With ``crops`` those that are embedded get a crop, too.
    """

    described: int | None = None
    embedded: int | None = None
    crops: bool = False


EVERY_FACE: Final = Needed()
LARGEST_FACE: Final = Needed(described=1)
NO_EMBEDDING: Final = Needed(embedded=0)


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face of a photo; ``embedding`` is float32 of shape (128,), empty if none was needed.

    ``roll`` is by how many degrees the face is turned clockwise, −180 to 180.
    ``quality`` is 0–100; ``flaws`` are the names of `core.faces.recognition.quality.Flaw`.
    ``crop`` is a JPEG of the face, upright and with a margin, if it was needed.
    """

    # For whoever checks an answer by these annotations.
    __pydantic_config__: ClassVar = {"arbitrary_types_allowed": True}

    box: Box
    landmarks: dict[str, Point]
    detection_score: float
    embedding: NDArray[np.float32]
    roll: float = 0.0
    quality: float = 100.0
    flaws: tuple[str, ...] = ()
    crop: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """The faces of one photo, largest first; sizes are those of the upright image.

    ``left_out_faces`` is how many more were found and not described.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    model: Model
    timings_ms: dict[str, float]
    left_out_faces: int = 0
