"""Jobs and their results, and how both are written on the wire."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self
from urllib.parse import quote, unquote

from pydantic import AfterValidator

from core.errors import MalformedMessage
from core.faces.geometry import Box
from core.faces.results import POOR_QUALITY, Face, Model, Recognition
from core.ground.ids import JOB_ID, new_id
from core.ground.names import spelled
from core.ground.records import Frozen
from core.ground.storage_keys import photo_key

NO_FACE: Final = "No face"
UNKNOWN: Final = "Unknown"
DEFAULT_COLLECTION: Final = "default"
COLLECTION_NOTE: Final = "collection-id"
"""Under this name the input object notes in which collection its people are looked for."""
MIN_QUALITY_NOTE: Final = "min-quality"
"""Likewise, from which quality on faces are looked for; absent for the service's own bound."""
PERSON_NOTE: Final = "person"
"""Metadata with the person whom the caller named, as `noted_person` writes it."""

Name = Annotated[str, AfterValidator(spelled)]
"""A person's name in a result; older versions stored any spelling."""

_MAX_FILENAME: Final = 100
_BODY: Final = re.compile(rf"({JOB_ID})_([A-Za-z0-9._-]{{1,{_MAX_FILENAME}}})")


def noted_person(person: str) -> str:
    """Return a name in ASCII, to be noted with a photo."""
    return quote(person, safe="")


def person_noted(note: str) -> str:
    """Return the name that `noted_person` wrote."""
    return unquote(note)


def safe_filename(raw: str) -> str:
    """Return a name that is safe in a key: ``[A-Za-z0-9._-]``, at most 100 characters.

    Folders are cut off and the extension is kept; a name of which nothing
    remains becomes ``photo``.
    """
    base = re.split(r"[/\\]", raw)[-1]
    ascii_name = unicodedata.normalize("NFKD", base).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", ascii_name).strip("._-")
    stem, dot, extension = safe.rpartition(".")
    if dot and len(safe) > _MAX_FILENAME:
        safe = stem[: _MAX_FILENAME - 1 - len(extension)] + dot + extension
    return safe[-_MAX_FILENAME:] or "photo"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photo to recognise; ``filename`` is already safe."""

    job_id: str
    filename: str

    @classmethod
    def new(cls, raw_filename: str) -> Self:
        """Issue a job under a new id."""
        return cls(job_id=new_id(), filename=safe_filename(raw_filename))

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read a message body.

        Raises
        ------
        MalformedMessage
            If the body is not ``{job_id}_{filename}``, perhaps with a newline behind it.
        """
        match = _BODY.fullmatch(body.rstrip())
        if match is None:
            raise MalformedMessage(body)
        return cls(job_id=match[1], filename=match[2])

    @property
    def body(self) -> str:
        """Body of the job's message."""
        return f"{self.job_id}_{self.filename}"

    @property
    def input_key(self) -> str:
        return photo_key(self.job_id, self.filename)

    @property
    def collection_id(self) -> None:
        """Not in the message: it is noted with the photo."""
        return


class FaceBox(Frozen):
    """Pixels of the upright image, origin top-left."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, box: Box) -> Self:
        """Round what the engine found to what is worth showing."""
        return cls(
            left=round(box.left, 1),
            top=round(box.top, 1),
            width=round(box.width, 1),
            height=round(box.height, 1),
        )


class DetectedFace(Frozen):
    """One face of a photo.

    ``roll`` is by how many degrees it is turned clockwise, −180 to 180;
    ``quality`` is 0–100, and ``quality_reasons`` say what lowers it.
    """

    box: FaceBox
    landmarks: dict[str, tuple[float, float]]
    roll: float = 0.0
    detection_score: float
    quality: float
    quality_reasons: list[str]

    @classmethod
    def of(cls, face: Face) -> Self:
        """Round what the engine found to what is worth showing."""
        return cls(
            box=FaceBox.of(face.box),
            landmarks={name: (round(x, 1), round(y, 1)) for name, (x, y) in face.landmarks.items()},
            roll=round(face.roll, 1),
            detection_score=round(face.detection_score, 3),
            quality=round(face.quality, 1),
            quality_reasons=list(face.flaws),
        )


def poorness(face: DetectedFace) -> str:
    """Say how poor a face is, and by what."""
    reasons = f" ({', '.join(face.quality_reasons)})" if face.quality_reasons else ""
    return f"its quality is {face.quality:g}{reasons}"


FaceWarning = Literal["NOT_SEARCHED", "POOR_FACE", "NAMED_ELSEWHERE"]
"""The face was too poor to be looked for, or is so poor that its name is less sure, or
another face of the photo got the name of the person whom it is most like."""


def warning_of(face: Face, *, least: float, found: bool) -> FaceWarning | None:
    """Return what is to be said of a face by its quality.

    Parameters
    ----------
    least : float
        Quality under which faces are not looked for.
    found : bool
        Whether an enrolled person was found for it.
    """
    if face.quality < least:
        return "NOT_SEARCHED"
    return "POOR_FACE" if found and face.quality < POOR_QUALITY else None


class RunnerUp(Frozen):
    """The person who is most like a face behind the one whose name it got.

    ``face_id`` is the nearest of their faces. ``may_be_same_person`` says that the two are so
    like each other that they may be one person under two names, to be merged.
    """

    name: Name
    similarity: float
    face_id: str
    may_be_same_person: bool = False


class NamedFace(DetectedFace):
    """One face of a photo; ``name`` is null when nobody reaches the threshold.

    ``similarity`` (0–100) is that of the person who is named, or else of the most similar
    one, ``distance`` that to the mean of their enrolled faces, and ``face_id`` the nearest
    of these. All are null while nobody is enrolled. ``runner_up`` is who comes next, and
    null where nobody is named. ``warning`` is ``POOR_FACE`` where the name rests on a poor
    face, ``NOT_SEARCHED`` where the face was so poor that it was not looked for, and
    ``NAMED_ELSEWHERE`` where another face of the photo got the name.
    """

    name: Name | None
    face_id: str | None = None
    similarity: float | None
    distance: float | None
    runner_up: RunnerUp | None = None
    warning: FaceWarning | None = None

    @property
    def people(self) -> list[tuple[str, str | None]]:
        """The names that this tells, each with the enrolled face that stands for it.

        Older versions noted no face.
        """
        named = [] if self.name is None else [(self.name, self.face_id)]
        other = self.runner_up
        return named if other is None else [*named, (other.name, other.face_id)]


class ImageSize(Frozen):
    """Size of the upright image in pixels."""

    width: int
    height: int


class RecognisedPhoto(Frozen):
    """What answers tell of a recognised photo beside its faces."""

    left_out_faces: int
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, recognition: Recognition, **later_ms: float) -> Self:
        """Round what the engine measured, and what steps took that came later."""
        timings_ms = recognition.timings_ms | later_ms
        return cls(
            left_out_faces=recognition.left_out_faces,
            image=ImageSize(width=recognition.width, height=recognition.height),
            model=recognition.model,
            timings_ms={step: round(spent, 1) for step, spent in timings_ms.items()},
        )


class JobDone(Frozen):
    """A recognised photo; ``result`` is the one string that scripts read."""

    job_id: str
    status: Literal["done"] = "done"
    result: Name
    collection_id: str = DEFAULT_COLLECTION
    faces: list[NamedFace]
    left_out_faces: int = 0
    """Smaller ones that were found as well; ``MAX_EMBEDDED_FACES`` are looked at."""
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]


class Failure(Frozen):
    """Why a job has no answer."""

    code: str
    message: str


class JobFailed(Frozen):
    """A job that ended without an answer."""

    job_id: str
    status: Literal["failed"] = "failed"
    error: Failure
    collection_id: str | None = None
    """Where it was to be enrolled, by which its photo is found when that is erased."""


def failed(job_id: str, code: str, message: str, *, collection_id: str | None = None) -> JobFailed:
    """Return the result of a job that ended without an answer."""
    return JobFailed(
        job_id=job_id, error=Failure(code=code, message=message), collection_id=collection_id
    )


def headline(faces: list[NamedFace]) -> str:
    """Return the name of the first known face, or what to say instead.

    ``faces`` come largest first.
    """
    if not faces:
        return NO_FACE
    return next((face.name for face in faces if face.name is not None), UNKNOWN)
