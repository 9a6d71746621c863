"""Faces of a photo to the names of enrolled people."""

import time

from core.faces.results import Face, Recognition
from core.faces.similarity import similarity
from core.jobs import DEFAULT_COLLECTION, FaceBox, ImageSize, JobDone, Model, NamedFace, headline
from core.ports import FaceIndex


class FaceNamer:
    """Compares the faces of a photo with the people of the default collection.

    Parameters
    ----------
    index : FaceIndex
    max_distance : float
        Largest distance at which a face bears the name of its nearest neighbour.
    """

    def __init__(self, index: FaceIndex, *, max_distance: float) -> None:
        self._index = index
        self._max_distance = max_distance

    def name(self, job_id: str, recognition: Recognition) -> JobDone:
        """Return the result of a job.

        Raises
        ------
        ModelMismatch
            If people were enrolled with another model than the photo's.
        """
        started = time.perf_counter()
        faces = [self._named(face, recognition) for face in recognition.faces]
        search_ms = (time.perf_counter() - started) * 1000
        timings_ms = recognition.timings_ms | {"search": search_ms}
        return JobDone(
            job_id=job_id,
            result=headline(faces),
            faces=faces,
            image=ImageSize(width=recognition.width, height=recognition.height),
            model=Model(name=recognition.model.name, version=recognition.model.version),
            timings_ms={step: round(spent, 1) for step, spent in timings_ms.items()},
        )

    def _named(self, face: Face, recognition: Recognition) -> NamedFace:
        match = self._index.nearest(DEFAULT_COLLECTION, face.embedding, model=recognition.model)
        known = match is not None and match.distance <= self._max_distance
        return NamedFace(
            name=match.person if match is not None and known else None,
            similarity=None
            if match is None
            else round(similarity(match.distance, threshold_distance=self._max_distance), 1),
            distance=None if match is None else round(match.distance, 4),
            box=FaceBox(
                left=round(face.box.left, 1),
                top=round(face.box.top, 1),
                width=round(face.box.width, 1),
                height=round(face.box.height, 1),
            ),
            landmarks={name: (round(x, 1), round(y, 1)) for name, (x, y) in face.landmarks.items()},
            detection_score=round(face.detection_score, 3),
            quality=round(face.quality, 1),
            quality_reasons=list(face.flaws),
        )
