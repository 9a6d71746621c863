"""Index jobs and their results: photos whose faces are added to a collection."""

import re
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
)

from core.errors import MalformedMessage
from core.faces.results import Model
from core.ground.authors import UNNAMED, Author
from core.ground.ids import COLLECTION_ID, is_job_id
from core.ground.names import is_visible, spelled
from core.ground.records import Frozen
from core.ground.storage_keys import photo_prefix
from core.jobs.recognition_job import NO_FACE, UNKNOWN, DetectedFace, ImageSize, Name

MAX_KEY_BYTES: Final = 1024
"""As in S3."""
_NO_KEY: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, and what no message of SQS can hold."""
DEFAULT_MAX_FACES: Final = 5
_MAX_NAME: Final = 100
_MAX_DECOMPOSED: Final = 4 * _MAX_NAME
"""No character is composed of more than four."""


def is_person(name: str) -> bool:
    """Tell whether a text can stand for a person in a result."""
    return is_visible(name) and name == name.strip() and name not in (UNKNOWN, NO_FACE)


def _spelled_if_short(name: object) -> object:
    """Give a name its one spelling; longer texts are too long in any, and cost time."""
    return spelled(name) if isinstance(name, str) and len(name) <= _MAX_DECOMPOSED else name


def _checked_person(name: str) -> str:
    if not is_person(name):
        raise ValueError(
            f"must be printable, without spaces around it, not {UNKNOWN!r}; "
            "joiners may only stand where they shape letters or emoji"
        )
    return name


def is_key(text: str) -> bool:
    """Tell whether a text can be a photo's key and ``image_id``."""
    return not _NO_KEY.search(text) and 1 <= len(text.encode()) <= MAX_KEY_BYTES


def checked_key(text: str) -> str:
    """Return a key; ``ValueError`` unless it `is_key`."""
    if not is_key(text):
        raise ValueError(f"must be 1 to {MAX_KEY_BYTES} bytes without control characters")
    return text


def _checked_metadata(metadata: dict[str, str]) -> dict[str, str]:
    if any(mark in text for pair in metadata.items() for text in pair for mark in "\ufffe\uffff"):
        raise ValueError("must not hold the characters U+FFFE and U+FFFF, which SQS refuses")
    return metadata


def _whole(number: object) -> object:
    """Take 5.0 for the whole number that it is in JSON."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _checked_job_id(text: str) -> str:
    if not is_job_id(text):
        raise ValueError("must be a UUID of version 4")
    return text


CollectionId = Annotated[str, StringConstraints(pattern=rf"^{COLLECTION_ID}$")]
PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=_MAX_NAME),
    AfterValidator(_checked_person),
    BeforeValidator(_spelled_if_short),
]
"""What someone may be called; it comes in any spelling and is read in one."""
ImageId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_KEY_BYTES),
    AfterValidator(checked_key),
]
WHOLE: Final = BeforeValidator(_whole)
Box = Annotated[
    str,
    StringConstraints(
        pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,6})?,-?[0-9]{1,6}(\.[0-9]{1,6})?"
        r"(,[0-9]{1,6}(\.[0-9]{1,6})?){2}$"
    ),
    Field(description="`left,top,width,height` in pixels of the upright photo."),
]
MaxFaces = Annotated[int, Field(ge=1, le=100), WHOLE]
MinQuality = Annotated[
    float,
    Field(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Least quality of a face, 0 to 100, instead of the service's own bound.",
    ),
]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[str, StringConstraints(max_length=512)],
    ],
    Field(max_length=20),
    AfterValidator(_checked_metadata),
]


_ADDED_LATER: Final = ("largest", "box", "min_quality")


class IndexOptions(Frozen):
    """What callers say of photos whose faces are to be added to a collection.

    With a ``person`` the largest face is that person's, and no other is added; none
    is if others are nearly as large, unless ``largest`` is true.
    """

    collection_id: CollectionId
    max_faces: MaxFaces = DEFAULT_MAX_FACES
    person: PersonName | None = None
    largest: bool = False
    metadata: Metadata = Field(default_factory=dict)
    min_quality: MinQuality | None = None
    """Faces of a lower quality are not added; none for the service's own bound."""


class IndexRequest(IndexOptions):
    """What callers say of one such photo; ``box`` says which face is meant, not the largest."""

    box: Box | None = None


class IndexJob(IndexRequest):
    """One photo that is to be indexed; the message's body is its JSON."""

    job_id: Annotated[str, AfterValidator(_checked_job_id)]
    image_id: ImageId
    s3_bucket: str
    s3_key: str
    batch_id: Annotated[str, AfterValidator(_checked_job_id)] | None = None
    position: Annotated[int, Field(ge=0)] = 0
    """Among the photos of its batch."""
    accepted_at: AwareDatetime | None = None
    """By S3's clock; None where the age of the photo tells, and in messages of former versions."""
    author: Annotated[Author, Field(exclude=True)] = UNNAMED
    """Noted beside the body."""

    @classmethod
    def of(
        cls,
        options: IndexOptions,
        *,
        job_id: str,
        image_id: str,
        s3_bucket: str,
        s3_key: str,
        batch_id: str | None = None,
        position: int = 0,
        accepted_at: datetime | None = None,
    ) -> "IndexJob":
        """Return the job of a photo. What callers said was checked when it was read."""
        said = {
            name: getattr(options, name)
            for name in IndexRequest.model_fields
            if name in type(options).model_fields
        }
        return cls.model_construct(
            **said,
            job_id=job_id,
            image_id=image_id,
            s3_bucket=s3_bucket,
            s3_key=s3_key,
            batch_id=batch_id,
            position=position,
            accepted_at=accepted_at,
        )

    @classmethod
    def from_body(cls, body: str, author: Author = UNNAMED) -> Self:
        """Read a message body.

        Raises
        ------
        MalformedMessage
            If the body is not the JSON of a job.
        """
        try:
            return cls.model_validate_json(body).model_copy(update={"author": author})
        except ValidationError as error:
            raise MalformedMessage(body) from error

    @property
    def body(self) -> str:
        """Body of the job's message, with later versions' fields only where they are used."""
        fields = type(self).model_fields
        unused = {name for name in _ADDED_LATER if getattr(self, name) == fields[name].default}
        return self.model_dump_json(exclude=unused)

    @property
    def owns_photo(self) -> bool:
        """Whether the photo was stored for this job alone, and is erased with it."""
        return self.s3_key.startswith(photo_prefix(self.job_id))


class FaceRecord(Frozen):
    """A face that was added."""

    face_id: str
    person: Name | None
    face: DetectedFace


UnindexedReason = Literal[
    "EXCEEDS_MAX_FACES",
    "LOW_QUALITY",
    "NOT_IN_BOX",
    "NOT_THE_LARGEST_FACE",
    "QUOTA_EXCEEDED",
    "SAME_PHOTO",
    "SEVERAL_LARGE_FACES",
]


class UnindexedFace(Frozen):
    """A face that was found and not added, and why."""

    reason: UnindexedReason
    face: DetectedFace


class IndexDone(Frozen):
    """An indexed photo; both lists are empty when no face was found."""

    job_id: str
    status: Literal["done"] = "done"
    kind: Literal["index"] = "index"
    collection_id: str
    image_id: str
    person: Name | None = None
    """Person whom the caller named for the photo."""
    face_records: list[FaceRecord]
    unindexed_faces: list[UnindexedFace]
    left_out_faces: int = 0
    """Smaller ones that were found as well; ``MAX_EMBEDDED_FACES`` are looked at."""
    image: ImageSize
    model: Model
