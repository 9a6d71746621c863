"""A recogniser that answers as told."""

from dataclasses import dataclass, field, replace

import numpy as np

from core.faces.results import EVERY_FACE, Face, Needed, Recognition


@dataclass(kw_only=True)
class ScriptedRecognizer:
    """Answers with what the test put in: a recognition, or an error to raise."""

    answers: list[Recognition | Exception] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        self.photos.append(photo)
        answer = self.answers[min(len(self.photos), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return as_needed(answer, needed)


def as_needed(recognition: Recognition, needed: Needed) -> Recognition:
    """Return what an engine would have answered, of all that a photo shows."""
    described = recognition.faces[: needed.described]
    embedded = len(described) if needed.embedded is None else needed.embedded
    return replace(
        recognition,
        faces=tuple(
            replace(face, crop=made_up_crop(face) if needed.crops else None)
            if place < embedded
            else replace(face, embedding=np.empty(0, dtype=np.float32))
            for place, face in enumerate(described)
        ),
        left_out_faces=len(recognition.faces) - len(described),
    )


def made_up_crop(face: Face) -> bytes:
    """Return what stands for the picture of a face, and for that of no other one."""
    return b"\xff\xd8\xff picture of " + face.embedding.tobytes()[::-1]
