"""Answers about groups of unnamed faces."""

from core.ground.records import Frozen


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
