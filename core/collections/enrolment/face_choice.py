"""Which faces of a photo are added to a collection, and why the others are not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from core.errors import NoFaceInBox
from core.faces.detection.suppression import intersection_over_union
from core.faces.results import EVERY_FACE, Face, Needed, Recognition
from core.jobs.index_job import FaceRecord, IndexDone, IndexJob, UnindexedFace, UnindexedReason
from core.jobs.recognition_job import DetectedFace, RecognisedPhoto
from core.ports import EnrolledFace

BACKGROUND_FACE_RATIO: Final = 4.0
"""A face this many times smaller than the largest is in the background."""

_LEAST_IOU: Final = 0.2
"""Detectors draw boxes differently; one may include the hair."""


def left_out(job: IndexJob, faces: Sequence[Face]) -> dict[int, UnindexedReason]:
    """Return why faces of a photo, by their positions, are not added; the others are.

    Raises
    ------
    NoFaceInBox
        If the job names a box and no face lies there.
    """
    if job.box is not None:
        return _all_but(_in_box(job.box, faces), faces, "NOT_IN_BOX")
    if job.person is None and not job.largest:
        return dict.fromkeys(range(job.max_faces, len(faces)), "EXCEEDS_MAX_FACES")
    if not job.largest and has_rivals(faces):
        return dict.fromkeys(range(len(faces)), "SEVERAL_LARGE_FACES")
    return _all_but(0, faces, "NOT_THE_LARGEST_FACE")


def needed_for(job: IndexJob) -> Needed:
    """Return what may be added: the largest faces, or whichever lies in a box."""
    if job.box is not None:
        return EVERY_FACE
    one = job.person is not None or job.largest
    return Needed(embedded=1 if one else job.max_faces)


def too_poor(
    faces: Sequence[Face], among: Iterable[int], *, least: float
) -> dict[int, UnindexedReason]:
    """Return the places of faces of a quality under ``least``, with the reason."""
    return {place: "LOW_QUALITY" for place in among if faces[place].quality < least}


def has_rivals(faces: Sequence[Face]) -> bool:
    """Tell whether faces beside the largest, the first, may be the photo's subject."""
    return any(face.box.area * BACKGROUND_FACE_RATIO > faces[0].box.area for face in faces[1:])


def _all_but(
    chosen: int, faces: Sequence[Face], reason: UnindexedReason
) -> dict[int, UnindexedReason]:
    return {place: reason for place in range(len(faces)) if place != chosen}


def _in_box(text: str, faces: Sequence[Face]) -> int:
    """Return the place of the face that shares most with a box."""
    left, top, width, height = map(float, text.split(","))
    boxes = np.array(
        [(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]
    ).reshape(-1, 4)
    shared = intersection_over_union(np.array([left, top, left + width, top + height]), boxes)
    if not len(shared) or shared.max() < _LEAST_IOU:
        raise NoFaceInBox(f"box: none of the {len(faces)} faces lies at {text}")
    return int(shared.argmax())


@dataclass(frozen=True, kw_only=True)
class ChosenFaces:
    """A photo, and those of its faces that are to be added, by their places."""

    job: IndexJob
    recognition: Recognition
    added: Mapping[int, EnrolledFace]
    left_out: Mapping[int, UnindexedReason]

    @property
    def crops(self) -> Iterator[tuple[str, bytes]]:
        """The crops of the faces that are to be added, with their ids."""
        for place, face in self.added.items():
            crop = self.recognition.faces[place].crop
            if crop is not None:
                yield face.face_id, crop

    def without(self, face_ids: Set[str], reason: UnindexedReason) -> Self:
        """Return the same without these faces."""
        refused = {place for place, face in self.added.items() if face.face_id in face_ids}
        return replace(
            self,
            added={place: face for place, face in self.added.items() if place not in refused},
            left_out={**self.left_out, **dict.fromkeys(refused, reason)},
        )

    def done(self, stored: Mapping[str, EnrolledFace]) -> IndexDone:
        """Return the job's result; ``stored`` are faces by their ids, as they are stored now."""
        faces = self.recognition.faces
        photo = RecognisedPhoto.of(self.recognition)
        return IndexDone(
            job_id=self.job.job_id,
            collection_id=self.job.collection_id,
            image_id=self.job.image_id,
            person=self.job.person,
            face_records=[
                FaceRecord(
                    face_id=face.face_id,
                    person=stored[face.face_id].person,
                    face=DetectedFace.of(faces[place]),
                )
                for place, face in self.added.items()
            ],
            unindexed_faces=[
                UnindexedFace(reason=reason, face=DetectedFace.of(faces[place]))
                for place, reason in sorted(self.left_out.items())
            ],
            left_out_faces=photo.left_out_faces,
            image=photo.image,
            model=photo.model,
        )
