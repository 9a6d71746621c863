"""Answers about the faces of photos."""

from core.collections.shown.faces import KnownFace
from core.faces.results import Model
from core.ground.records import Frozen
from core.jobs.recognition_job import DetectedFace, ImageSize


class ImageFaces(Frozen):
    """The enrolled faces of a photo, largest first, and whose they are."""

    image_id: str
    persons: list[str]
    faces: list[KnownFace]


class Detected(Frozen):
    """The faces of a photo, largest first, in pixels of the upright image."""

    faces: list[DetectedFace]
    left_out_faces: int
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]
