"""Galleries of enrolled faces."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.faces.geometry import Box
from core.ground.names import EVERYBODY, spelled


@dataclass(frozen=True, kw_only=True)
class EnrolledFace:
    """A known face; ``embedding`` is float32 of shape (D,).

    ``person`` is None until a user names the face. ``rejected`` lists the people
    whom users rejected for it. ``job_id`` is the job that enrolled it; that job's
    photo and result hold the face too. ``box`` is in pixels of the upright photo, and
    ``quality`` 0–100; those that an older version enrolled have neither, nor a time. Names
    have one spelling here, however older versions stored them.
    """

    face_id: str
    person: str | None
    image_id: str
    embedding: NDArray[np.float32]
    metadata: Mapping[str, str] = field(default_factory=dict)
    rejected: frozenset[str] = frozenset()
    job_id: str | None = None
    box: Box | None = None
    quality: float | None = None
    enrolled_at: datetime | None = None

    def __post_init__(self) -> None:
        _spell_names(self)


@dataclass(frozen=True, kw_only=True)
class UnnamedFace:
    """What is known of a face without a person, but for its embedding; as in `EnrolledFace`."""

    face_id: str
    job_id: str | None
    rejected: frozenset[str]
    enrolled_at: datetime | None

    @classmethod
    def of(cls, face: EnrolledFace) -> Self:
        """Return what is known of a face."""
        return cls(
            face_id=face.face_id,
            job_id=face.job_id,
            rejected=face.rejected,
            enrolled_at=face.enrolled_at,
        )


@dataclass(frozen=True, kw_only=True)
class Match:
    """An enrolled face and its distance to the probe; names as in `EnrolledFace`."""

    face_id: str
    person: str | None
    distance: float
    rejected: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _spell_names(self)

    @property
    def is_nobodys(self) -> bool:
        """Tell whether users said of the face that it is nobody's."""
        return self.person is None and EVERYBODY in self.rejected


def without_rejected(matches: Sequence[Match]) -> Iterator[Match]:
    """Yield matches, nearest first, without the people whom a nearer face rejects."""
    rejected: frozenset[str] = frozenset()
    for match in matches:
        rejected |= match.rejected
        if match.person not in rejected:
            yield match


def nobody_at(matches: Sequence[Match]) -> float:
    """Return the distance of the nearest face that is nobody's, infinite if there is none."""
    return next((match.distance for match in matches if match.is_nobodys), math.inf)


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """A person near a probe.

    ``distance`` is that of the probe and the person's ``template``, which
    `core.faces.decision.template_of` makes of all their ``faces``. ``face_id`` is the
    nearest of these, at ``face_distance``. The name is spelled as in `EnrolledFace`.
    """

    person: str
    distance: float
    faces: int
    template: NDArray[np.float32]
    face_id: str
    face_distance: float


@dataclass(frozen=True, kw_only=True)
class FoundPeople:
    """The people nearest to a probe, nearest template first, of ``people`` in the gallery.

    ``nobody_at`` is the distance of the nearest face that users said is nobody's, infinite if
    none was near.
    """

    nearest: list[FoundPerson]
    people: int
    nobody_at: float = math.inf


PersonOrder = Literal["name", "faces", "last_enrolled"]
"""By name; or those with the most faces first, or those who were enrolled last."""

PersonPlace = tuple[int, str]
"""Where a person stands in a list of some order."""


@dataclass(frozen=True, kw_only=True)
class EnrolledPerson:
    """A person with their number of faces, and the id of the face of the best quality.

    The times are those of their faces; None if all of these are of an older version.
    """

    person: str
    faces: int
    cover: str
    first_enrolled_at: datetime | None
    last_enrolled_at: datetime | None

    def place(self, order: PersonOrder) -> PersonPlace:
        """Return where the person stands: people are listed from the smallest place on."""
        if order == "faces":
            return -self.faces, self.person
        if order == "last_enrolled" and self.last_enrolled_at is not None:
            return -round(self.last_enrolled_at.timestamp() * 1_000_000), self.person
        return 0, self.person


def _spell_names(face: EnrolledFace | Match) -> None:
    if face.person is not None:
        object.__setattr__(face, "person", spelled(face.person))
    if face.rejected:
        object.__setattr__(face, "rejected", frozenset(map(spelled, face.rejected)))


class FaceIndex(Protocol):
    """Galleries of enrolled faces, each searched on its own.

    A gallery has an opaque id of 32 hexadecimal digits, issued by
    `core.collections.registry`, so that no name of a caller's reaches a path or a filter.
    Every method may raise ``ServiceUnavailable``, and all but ``create``,
    ``drop`` and ``close`` raise ``CollectionNotFound`` if there is no such gallery.
    """

    def create(self, gallery_id: str, *, length: int) -> None:
        """Create an empty gallery for embeddings of that length, unless it exists."""
        ...

    def upgrade(self, gallery_id: str) -> bool:
        """Bring what an older version stored up to date; tell whether anything was missing.

        ``put`` does it, too. Searches go on meanwhile.
        """
        ...

    def is_outdated(self, gallery_id: str) -> bool:
        """Tell whether ``upgrade`` would change anything."""
        ...

    def drop(self, gallery_id: str) -> None:
        """Remove a gallery with every trace of its faces; no error if there is none."""
        ...

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        """Store faces, replacing those of the same id; on return they are durable."""
        ...

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        """Return those of the faces that are enrolled, in any order."""
        ...

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        """Return the next faces behind an id, in order of ids; all, or one person's.

        ``person`` is `spelled`; faces are found in whatever spelling they were stored.
        """
        ...

    def unnamed(self, gallery_id: str) -> list[UnnamedFace]:
        """Return all faces without a person, in any order."""
        ...

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        """Remove faces with every trace of them; no error if there are none."""
        ...

    def count(self, gallery_id: str) -> int: ...

    def count_people(self, gallery_id: str) -> int:
        """Return how many people the faces of a gallery are; unnamed faces are nobody."""
        ...

    def persons(
        self,
        gallery_id: str,
        *,
        limit: int,
        order: PersonOrder = "name",
        prefix: str = "",
        after: PersonPlace | None = None,
    ) -> list[EnrolledPerson]:
        """Return the next people behind a place, in order; unnamed faces are nobody.

        Parameters
        ----------
        prefix : str
            How their names begin, in capitals or small letters.
        """
        ...

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        """Return the enrolled faces nearest to each probe, nearest first.

        Parameters
        ----------
        probes : ndarray of float32, shape (N, D)
            Embeddings; not modified. A face that any process put is found at the
            latest ``GALLERY_REFRESH_SECONDS`` and a second later.
        limit : int
            Faces per probe.
        """
        ...

    def search_people(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[FoundPeople]:
        """Return the people nearest to each probe.

        A person is left out if a face rejects them that is nearer than all of theirs. A face that
        is nobody's leaves out no one: it is told how near the nearest one is. What any process
        put, named or erased is known as soon as to ``search``.

        Parameters
        ----------
        probes : ndarray of float32, shape (N, D)
            Embeddings; not modified.
        limit : int
            People per probe. There are fewer only if the gallery has no more, or if
            thousands of faces of those who were found are nearer.
        """
        ...

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        """Let the next searches know all that any process stored until ``max_age_s`` ago.

        Returns at once, without a request, if they know it already. Otherwise it reads what
        is stored now.

        Parameters
        ----------
        max_age_s : float, optional
            Age of the knowledge; ``GALLERY_REFRESH_SECONDS`` and half a second when
            not given.

        Raises
        ------
        ServiceUnavailable
            If that can't be read; searches go on with what they know.
        """
        ...

    def close(self) -> None:
        """End threads and connections."""
        ...
