"""Answers as pydantic models."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from core.access.keys import ApiKey, Scope
from core.collections.collection import Collection
from core.collections.consents import ConsentNote
from core.collections.persons import KnownPerson
from core.faces.results import Model
from core.ground.names import EVERYBODY
from core.ground.records import Frozen
from core.jobs.recognition_job import DetectedFace, FaceBox, ImageSize
from core.jobs.webhooks.endpoints import DisabledReason, Endpoint, EventType, State
from core.jobs.webhooks.events import AnyType
from core.jobs.webhooks.failures import FailedDelivery
from core.ports import EnrolledFace
from core.submission.batch_requests import BatchProgress, BatchSummary

Threshold = Annotated[
    float,
    Field(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Lowest similarity of a match, 0 to 100. It never bounds a distance.",
    ),
]


FalseNameRate = Annotated[
    float,
    Field(
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        description="How often a stranger may be given a name: over 0, at most 0.5.",
    ),
]


class ErrorAnswer(Frozen):
    """Why a request failed; `retryable` says whether the same request may succeed later."""

    error: str
    code: str
    retryable: bool
    request_id: str


class Health(Frozen):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Frozen):
    """The service can be used; `galleries` has the state of each gallery in memory."""

    status: Literal["ready"] = "ready"
    galleries: dict[str, str]
    limits: Literal["none", "process", "shared", "away"]


class KeyDescription(Frozen):
    """What a key may do; `collections` are patterns of the ids that it may know.

    Without keys everybody may do all, and the other fields are null.
    """

    key_id: str | None
    name: str | None
    scopes: list[Scope]
    collections: list[str]
    expires_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey | None) -> Self:
        """Return what the holder of a key sees of it: never its secret."""
        if key is None:
            return cls(key_id=None, name=None, scopes=["admin"], collections=["*"], expires_at=None)
        return cls.model_validate(key.model_dump(include=set(cls.model_fields)))


class JobPending(Frozen):
    """A job that has no answer yet."""

    job_id: str
    status: Literal["pending"] = "pending"


class JobSubmitted(Frozen):
    """A photo was accepted; ask for the job's status."""

    job_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"


class BatchStatus(BatchProgress):
    """How far a batch is, and a page of its photos."""

    next_token: str | None


class BatchList(Frozen):
    """A page of batches, newest first; `next_token` is null on the last one."""

    batches: list[BatchSummary]
    next_token: str | None


class UploadOffered(Frozen):
    """Where one photo can be sent; then it is indexed by its bucket and key in a batch."""

    s3_bucket: str
    s3_key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


class BatchSubmitted(Frozen):
    """Photos were accepted; ask for the batch's status."""

    batch_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"


class CollectionSummary(Frozen):
    """A collection; `model` is null until the first face is enrolled.

    `threshold` is what holds now, and `false_name_rate` the collection's own rate, or null.
    """

    collection_id: str
    threshold: Threshold
    false_name_rate: FalseNameRate | None
    metadata: dict[str, str]
    created_at: datetime
    model: Model | None
    keep_unknown: bool | None

    @classmethod
    def of(cls, collection: Collection, *, threshold: float, **more: object) -> Self:
        """Return what callers see of a collection, with the threshold that holds."""
        shown = collection.model_dump(include=set(CollectionSummary.model_fields))
        return cls.model_validate(shown | {"threshold": threshold} | more)


class CollectionDescription(CollectionSummary):
    """A collection, and how many `persons` and `faces` are enrolled in it.

    `expected_false_names` is the share of strangers who get a name by the threshold. It is
    null while nobody is enrolled, where nothing is known of the model, and where
    MATCH_MAX_DISTANCE is set.
    """

    persons: int
    faces: int
    expected_false_names: float | None


class CollectionList(Frozen):
    """A page of collections; `next_token` is null on the last one."""

    collections: list[CollectionSummary]
    next_token: str | None


class KnownFace(Frozen):
    """An enrolled face; `rejected` lists the people whom users rejected for it.

    `box` is in pixels of the upright photo. It, `quality` and `enrolled_at` are null for a face
    that an older version of the service enrolled.
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


class ImageFaces(Frozen):
    """The enrolled faces of a photo, largest first, and whose they are."""

    image_id: str
    persons: list[str]
    faces: list[KnownFace]


class PersonSummary(Frozen):
    """A person; `cover` is the id of the face of the best quality.

    `person_id` stays when the person is renamed. The times are null while all faces are those of an
    older version of the service.
    """

    person: str
    person_id: str
    faces: int
    cover: str
    first_enrolled_at: datetime | None
    last_enrolled_at: datetime | None
    metadata: dict[str, str]
    consent: ConsentNote | None

    @classmethod
    def of(cls, known: KnownPerson) -> Self:
        """Return what callers see of a person."""
        return cls(person_id=known.person_id, **vars(known.enrolled), **dict(known.record))


class PersonList(Frozen):
    """A page of people; `next_token` is null on the last one."""

    persons: list[PersonSummary]
    next_token: str | None


class PersonFaces(FaceList):
    """A person with their consent note, null if there is none, and a page of their faces."""

    person: str
    person_id: str
    metadata: dict[str, str]
    consent: ConsentNote | None


class PersonConsent(Frozen):
    """A person and their consent note."""

    person: str
    consent: ConsentNote


class PersonRenamed(Frozen):
    """A person as they are now; `faces` is how many got another name."""

    person: str
    person_id: str
    metadata: dict[str, str]
    faces: int


class GroupFace(Frozen):
    """An unnamed face, and the path of its picture."""

    face_id: str
    image: str


class SuggestedPerson(Frozen):
    """A known person who is like the faces of a group."""

    person: str
    similarity: float


class UnknownGroup(Frozen):
    """Unnamed faces of one person; `faces` has up to 100 of them."""

    group_id: str
    size: int
    faces: list[GroupFace]
    suggestion: SuggestedPerson | None


class GroupList(Frozen):
    """A page of groups, and how many new faces are in none yet; see `next_token`."""

    groups: list[UnknownGroup]
    pending: int
    next_token: str | None


class GroupNamed(Frozen):
    """How many faces got the name, and for which the person was rejected."""

    person: str
    faces: int
    rejected: list[str]


class GroupIgnored(Frozen):
    """Whether a group is ignored now, and how many faces it has."""

    group_id: str
    ignored: bool
    faces: int


class WebhookDescription(Frozen):
    """A webhook: an address and the events of which it is told."""

    webhook_id: str
    url: str
    events: list[EventType]
    details: bool
    state: State
    created_at: datetime
    failing_since: datetime | None
    disabled_reason: DisabledReason | None

    @classmethod
    def of(cls, endpoint: Endpoint, **more: object) -> Self:
        """Return what callers see of a webhook."""
        own = set(WebhookDescription.model_fields)
        shown = endpoint.model_dump(include=own) | {"state": endpoint.state}
        return cls.model_validate(shown | more)


class WebhookWithSecret(WebhookDescription):
    """A webhook and its newest secret, which is shown this once."""

    secret: str


class WebhookList(Frozen):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookDescription]


class EventSent(Frozen):
    """An event is on its way to a webhook."""

    event_id: str
    status: Literal["SENT"] = "SENT"


class FailedDeliveryDescription(Frozen):
    """An event that a webhook did not accept; `outcome` is what the last attempt met."""

    event_id: str
    type: AnyType
    data: dict[str, str | int | None]
    state: Literal["retrying", "given_up"]
    attempts: int
    outcome: str
    attempted_at: datetime
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, failed: FailedDelivery) -> Self:
        """Return what callers see of a failed delivery."""
        event = failed.message.event
        return cls(
            event_id=event.event_id,
            type=event.type,
            data=event.data,
            attempts=failed.message.attempts,
            state=failed.state,
            outcome=failed.outcome,
            attempted_at=failed.attempted_at,
            next_attempt_at=failed.next_attempt_at,
        )


class FailedDeliveryList(Frozen):
    """A page of failed deliveries; `next_token` is null on the last one."""

    deliveries: list[FailedDeliveryDescription]
    next_token: str | None


class Detected(Frozen):
    """The faces of a photo, largest first, in pixels of the upright image."""

    faces: list[DetectedFace]
    left_out_faces: int
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]
