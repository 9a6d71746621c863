"""Collections, their people and their faces."""

import datetime as dt
from dataclasses import dataclass

from elastic_face.answers.photos import FaceBox, Model


@dataclass(frozen=True, kw_only=True)
class CollectionSummary:
    """A collection; `model` is None until the first face is enrolled.

    `threshold` is what holds now, and `false_name_rate` the collection's own rate, or None.
    """

    collection_id: str
    threshold: float
    false_name_rate: float | None
    metadata: dict[str, str]
    created_at: dt.datetime
    model: Model | None
    keep_unknown: bool | None


@dataclass(frozen=True, kw_only=True)
class CollectionDescription:
    """A collection, and how many `persons` and `faces` are enrolled in it.

    `expected_false_names` is the share of strangers who get a name by the threshold. It is
    None while nobody is enrolled, where nothing is known of the model, and where
    MATCH_MAX_DISTANCE is set.
    """

    collection_id: str
    threshold: float
    false_name_rate: float | None
    metadata: dict[str, str]
    created_at: dt.datetime
    model: Model | None
    keep_unknown: bool | None
    persons: int
    faces: int
    expected_false_names: float | None


@dataclass(frozen=True, kw_only=True)
class CollectionList:
    """A page of collections; `next_token` is None on the last one."""

    collections: list[CollectionSummary]
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class KnownFace:
    """An enrolled face; `rejected` lists the people whom users rejected for it.

    `box` is in pixels of the upright photo. It, `quality` and `enrolled_at` are None for a face
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
    enrolled_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class FaceList:
    """A page of enrolled faces; `next_token` is None on the last one."""

    faces: list[KnownFace]
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class ImageFaces:
    """The enrolled faces of a photo, largest first, and whose they are."""

    image_id: str
    persons: list[str]
    faces: list[KnownFace]


@dataclass(frozen=True, kw_only=True)
class ConsentNote:
    """What a person agreed to, on which day, and where that is filed."""

    text: str
    date: dt.date
    source: str


@dataclass(frozen=True, kw_only=True)
class PersonSummary:
    """A person; `cover` is the id of the face that shows them.

    `person_id` stays when the person is renamed. The times are None while all faces are those of an
    older version of the service.
    """

    person: str
    person_id: str
    faces: int
    cover: str
    first_enrolled_at: dt.datetime | None
    last_enrolled_at: dt.datetime | None
    metadata: dict[str, str]
    consent: ConsentNote | None


@dataclass(frozen=True, kw_only=True)
class PersonList:
    """A page of people; `next_token` is None on the last one."""

    persons: list[PersonSummary]
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class PersonFaces:
    """A person with their consent note, None if there is none, and a page of their faces.

    `cover` is the id of the face that was chosen to show them, None while none is.
    """

    faces: list[KnownFace]
    next_token: str | None
    person: str
    person_id: str
    metadata: dict[str, str]
    cover: str | None
    consent: ConsentNote | None


@dataclass(frozen=True, kw_only=True)
class PersonRenamed:
    """A person as they are now; `faces` is how many got another name.

    `cover` is the id of the face that was chosen to show them, None while none is.
    """

    person: str
    person_id: str
    metadata: dict[str, str]
    cover: str | None
    faces: int


@dataclass(frozen=True, kw_only=True)
class PersonConsent:
    """A person and their consent note."""

    person: str
    consent: ConsentNote


@dataclass(frozen=True, kw_only=True)
class Removed:
    """How much was removed.

    `photos` and `results` are objects of the service's buckets, `jobs` those to which they
    belonged. `batches` had names of photos or of the person, which are gone.
    """

    faces: int = 0
    jobs: int = 0
    photos: int = 0
    results: int = 0
    batches: int = 0
    consents: int = 0
    unknown_faces: int = 0


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was erased, when, by whom, and how it was checked.

    `person` is the hash of the name by which the audit trail finds it, if it is one person.
    `actor` is the id of the key that asked for it, `cli` for a command, `nobody` where there
    are no keys.
    """

    receipt_id: str
    erased: str
    tenant: str
    collection_id: str
    person: str | None
    begun_at: dt.datetime | None
    finished_at: dt.datetime
    actor: str
    request_id: str | None
    removed: Removed
    is_complete: bool
    statement: str


@dataclass(frozen=True, kw_only=True)
class GroupFace:
    """An unnamed face, and the path of its picture."""

    face_id: str
    image: str


@dataclass(frozen=True, kw_only=True)
class SuggestedPerson:
    """A known person who is like the faces of a group."""

    person: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class UnknownGroup:
    """Unnamed faces of one person; `faces` has up to 100 of them."""

    group_id: str
    size: int
    faces: list[GroupFace]
    suggestion: SuggestedPerson | None


@dataclass(frozen=True, kw_only=True)
class GroupList:
    """A page of groups, and how many new faces are in none yet; see `next_token`."""

    groups: list[UnknownGroup]
    pending: int
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class GroupNamed:
    """How many faces got the name, and for which the person was rejected."""

    person: str
    faces: int
    rejected: list[str]


@dataclass(frozen=True, kw_only=True)
class GroupIgnored:
    """Whether a group is ignored now, and how many faces it has."""

    group_id: str
    ignored: bool
    faces: int


@dataclass(frozen=True, kw_only=True)
class KeyDescription:
    """What a key may do; `collections` are patterns of the ids that it may know.

    Without keys everybody may do all, and the other fields are None.
    """

    key_id: str | None
    name: str | None
    scopes: list[str]
    collections: list[str]
    expires_at: dt.datetime | None
