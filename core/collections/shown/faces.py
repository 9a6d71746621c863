"""What callers see of enrolled faces."""

from datetime import datetime
from typing import Self

from core.ground.names import EVERYBODY
from core.ground.records import Frozen
from core.jobs.recognition_job import FaceBox
from core.ports import EnrolledFace


class KnownFace(Frozen):
    """An enrolled face; `rejected` lists the people whom users rejected for it.

    `box` is in pixels of the upright photo. It, `quality` and `enrolled_at` are null for a face
    that an older version of the service enrolled, until its photo is enrolled again; `enrolled_at`
    is that time then.
    """

    face_id: str
    person: str | None
    image_id: str
    metadata: dict[str, str]
    rejected: list[str]
    box: FaceBox | None
    quality: float | None
    enrolled_at: datetime | None

    @classmethod
    def of(cls, face: EnrolledFace) -> Self:
        """Return what callers see of an enrolled face: never its embedding."""
        return cls(
            face_id=face.face_id,
            person=face.person,
            image_id=face.image_id,
            metadata=dict(face.metadata),
            rejected=sorted(face.rejected - {EVERYBODY}),
            box=None if face.box is None else FaceBox.of(face.box),
            quality=None if face.quality is None else round(face.quality, 1),
            enrolled_at=face.enrolled_at,
        )


class FaceList(Frozen):
    """A page of enrolled faces; `next_token` is null on the last one."""

    faces: list[KnownFace]
    next_token: str | None
