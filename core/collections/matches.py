"""What searches for the enrolled answer."""

from typing import Literal

from core.ground.records import Frozen
from core.jobs.recognition_job import DetectedFace, FaceWarning

By = Literal["person", "face"]
"""Whether people are looked for, or single enrolled faces."""


class FaceMatch(Frozen):
    """An enrolled face that is like the searched one; ``similarity`` is 0–100."""

    face_id: str
    person: str | None
    image_id: str
    similarity: float
    distance: float
    metadata: dict[str, str]


class PersonMatch(Frozen):
    """A person who is like the searched face; ``similarity`` is 0–100.

    ``distance`` is that to the mean of the person's ``faces``, which are counted. The other
    fields are those of the nearest one. ``may_be_same_person`` says that this may be the
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


class SearchedFace(Frozen):
    """A face of the photo and who of the enrolled is like it, most similar first.

    ``warning`` is ``POOR_FACE`` where matches rest on a poor face, ``NOT_SEARCHED``
    where the face was so poor that it was not looked for, ``NAMED_ELSEWHERE`` where the
    person most like it is the match of another face of the photo.
    """

    searched_face: DetectedFace
    matches: list[PersonMatch] | list[FaceMatch]
    warning: FaceWarning | None = None


class Matched(Frozen):
    """What a search of a collection found; ``faces`` are largest first.

    ``threshold`` is the least similarity of a match; ``ignored_faces`` counts
    the faces that were not searched because only the largest one is by default.
    """

    collection_id: str
    threshold: float
    by: By
    faces: list[SearchedFace]
    ignored_faces: int


class SearchedByFace(Frozen):
    """Who else is like an enrolled face, most similar first."""

    collection_id: str
    face_id: str
    person: str | None
    threshold: float
    by: By
    matches: list[PersonMatch] | list[FaceMatch]


class Verified(Frozen):
    """Whether two faces are one person's; ``threshold`` is the least similarity for that.

    ``faces`` is the number of enrolled faces of the person, and ``distance`` that to their
    mean; of two photos it is that of the two faces.
    """

    same: bool
    similarity: float
    distance: float
    threshold: float
    faces: int | None = None
