"""What the service finds on photos."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FaceBox:
    """Pixels of the upright image, origin top-left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class ImageSize:
    """Size of the upright image in pixels."""

    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """The model that made the embeddings."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class DetectedFace:
    """One face of a photo.

    `roll` is by how many degrees it is turned clockwise, −180 to 180;
    `quality` is 0–100, and `quality_reasons` say what lowers it.
    """

    box: FaceBox
    landmarks: dict[str, tuple[float, float]]
    roll: float = 0.0
    detection_score: float
    quality: float
    quality_reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class RunnerUp:
    """The person who is most like a face behind the one whose name it got.

    `face_id` is the nearest of their faces. `may_be_same_person` says that the two are so
    like each other that they may be one person under two names, to be merged.
    """

    name: str
    similarity: float
    face_id: str
    may_be_same_person: bool = False


@dataclass(frozen=True, kw_only=True)
class NamedFace:
    """One face of a photo; `name` is None when nobody reaches the threshold.

    `similarity` (0–100) is that of the person who is named, or else of the most similar
    one, `distance` that to the mean of their enrolled faces, and `face_id` the nearest
    of these. All are None while nobody is enrolled. `runner_up` is who comes next, and
    None where nobody is named. `warning` is `POOR_FACE` where the name rests on a poor
    face, `NOT_SEARCHED` where the face was so poor that it was not looked for, and
    `NAMED_ELSEWHERE` where another face of the photo got the name.
    """

    box: FaceBox
    landmarks: dict[str, tuple[float, float]]
    roll: float = 0.0
    detection_score: float
    quality: float
    quality_reasons: list[str]
    name: str | None
    face_id: str | None = None
    similarity: float | None
    distance: float | None
    runner_up: RunnerUp | None = None
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class Detected:
    """The faces of a photo, largest first, in pixels of the upright image."""

    faces: list[DetectedFace]
    left_out_faces: int
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Whether two faces are one person's; `threshold` is the least similarity for that.

    `faces` is the number of enrolled faces of the person, and `distance` that to their
    mean; of two photos it is that of the two faces.
    """

    same: bool
    similarity: float
    distance: float
    threshold: float
    faces: int | None = None


@dataclass(frozen=True, kw_only=True)
class PersonMatch:
    """A person who is like the searched face; `similarity` is 0–100.

    `distance` is that to the mean of the person's `faces`, which are counted. The other
    fields are those of the nearest one. `may_be_same_person` says that this may be the
    most similar person under another name; then a merge is worth a look.
    """

    person: str
    similarity: float
    distance: float
    faces: int
    face_id: str
    face_distance: float
    image_id: str
    metadata: dict[str, str]
    may_be_same_person: bool = False


@dataclass(frozen=True, kw_only=True)
class FaceMatch:
    """An enrolled face that is like the searched one; `similarity` is 0–100."""

    face_id: str
    person: str | None
    image_id: str
    similarity: float
    distance: float
    metadata: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class SearchedFace:
    """A face of the photo and who of the enrolled is like it, most similar first.

    `warning` is `POOR_FACE` where matches rest on a poor face, `NOT_SEARCHED`
    where the face was so poor that it was not looked for, `NAMED_ELSEWHERE` where the
    person most like it is the match of another face of the photo.
    """

    searched_face: DetectedFace
    matches: list[PersonMatch] | list[FaceMatch]
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What a search of a collection found; `faces` are largest first.

    `threshold` is the least similarity of a match; `ignored_faces` counts
    the faces that were not searched because only the largest one is by default.
    """

    collection_id: str
    threshold: float
    by: str
    faces: list[SearchedFace]
    ignored_faces: int


@dataclass(frozen=True, kw_only=True)
class SearchedByFace:
    """Who else is like an enrolled face, most similar first."""

    collection_id: str
    face_id: str
    person: str | None
    threshold: float
    by: str
    matches: list[PersonMatch] | list[FaceMatch]
