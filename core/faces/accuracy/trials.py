"""Tries decisions in galleries of people drawn by chance, whose other photos are searched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.accuracy.error_rates import distances_between
from core.faces.calibration import Seen
from core.faces.crowd import Crowd, Floats, evened
from core.faces.decision import CANDIDATES, template_of

Rows = NDArray[np.int64]

CrowdOf = Callable[[NDArray[np.float32], Rows], Floats]
"""Tells what a `Crowd` does, of embeddings of shape (N, D) and the indexes of their people."""

_TOGETHER: Final = 2000
"""Faces that are compared at a time, to bound the memory."""


@dataclass(frozen=True, kw_only=True)
class People:
    """Embeddings, float32 of shape (N, D), and whose each is; ``rows`` are those of each person."""

    embeddings: NDArray[np.float32]
    rows: tuple[Rows, ...]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], names: NDArray[np.str_]) -> "People":
        """Group embeddings by the names of their people."""
        _, whose = np.unique(names, return_inverse=True)
        order = np.argsort(whose, kind="stable")
        ends = np.cumsum(np.bincount(whose))
        return cls(embeddings=embeddings, rows=tuple(np.split(order, ends[:-1])))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def owners(self) -> Rows:
        """Whose each embedding is, shape (N,)."""
        owners = np.empty(len(self.embeddings), np.int64)
        for person, rows in enumerate(self.rows):
            owners[rows] = person
        return owners


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was seen of each searched face's nearest people, shape (N, C).

    ``right`` marks the face's own person, ``face`` is the distance of the nearest single face
    in the gallery, ``face_right`` whether it is the person's own.
    """

    seen: Seen
    right: NDArray[np.bool_]
    face: NDArray[np.float64]
    face_right: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: "Sequence[Searched]") -> "Searched":
        names = ("distance", "around", "beside", "share")
        return cls(
            seen=Seen(
                **{
                    name: np.concatenate([getattr(part.seen, name) for part in parts])
                    for name in names
                }
            ),
            right=np.concatenate([part.right for part in parts]),
            face=np.concatenate([part.face for part in parts]),
            face_right=np.concatenate([part.face_right for part in parts]),
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Searches of galleries of one size: for strangers, and for people who are enrolled."""

    people: int
    strangers: Searched
    known: Searched


def same_for_all(crowd: Crowd | None) -> CrowdOf | None:
    """Return a crowd that does not mind whose an embedding is."""
    return None if crowd is None else lambda embeddings, _people: crowd.of(embeddings)


def try_galleries(
    people: People,
    candidates: Rows,
    *,
    size: int,
    photos: int,
    draws: int,
    seed: int,
    always: Rows | None = None,
    most_strangers: int | None = None,
    crowd_of: CrowdOf | None = None,
) -> Trial:
    """Search galleries of people by up to so many photos each.

    Of a person with fewer photos one less than all is enrolled, but one at least. All
    further photos of people with so many are searched for, and all photos of strangers.

    Parameters
    ----------
    candidates : ndarray of int
        Indexes of the people who are enrolled or strangers, as chance has it.
    always : ndarray of int, optional
        Indexes of further people who are in every gallery, and not searched for.
    most_strangers : int, optional
        Photos of strangers that are searched for in each gallery, drawn by chance.
    crowd_of : callable, optional
        Evens the distances.
    """
    chance = np.random.default_rng(seed)
    fixed = np.empty(0, np.int64) if always is None else always
    strangers, known = [], []
    for _ in range(draws):
        drawn = chance.choice(candidates, size - len(fixed), replace=False)
        rest = [people.rows[person] for person in np.setdiff1d(candidates, drawn)]
        unknown = np.concatenate(rest) if rest else np.empty(0, np.int64)
        if most_strangers is not None and len(unknown) > most_strangers:
            unknown = chance.choice(unknown, most_strangers, replace=False)
        gallery = _Gallery(
            people,
            np.concatenate([fixed, drawn]),
            photos,
            chance,
            searched=drawn,
            crowd_of=crowd_of,
        )
        strangers.append(gallery.search(unknown, np.full(len(unknown), -1)))
        known.append(gallery.search(gallery.probes, gallery.owners))
    return Trial(people=size, strangers=Searched.joined(strangers), known=Searched.joined(known))


class _Gallery:
    """Enrolled people, and the photos by which they are searched for."""

    def __init__(
        self,
        people: People,
        drawn: Rows,
        photos: int,
        chance: np.random.Generator,
        *,
        searched: Rows,
        crowd_of: CrowdOf | None,
    ) -> None:
        self._people = people
        self._crowd_of = crowd_of
        self._drawn = drawn
        wanted = set(searched.tolist())
        enrolled, probes, owners = [], [], []
        for person in drawn.tolist():
            mixed = chance.permutation(people.rows[person])
            enrolled.append(mixed[: min(photos, max(1, len(mixed) - 1))])
            if person in wanted and len(mixed) > photos:
                probes.append(mixed[photos:])
                owners.append(np.full(len(mixed) - photos, person))
        self.probes = np.concatenate(probes) if probes else np.empty(0, np.int64)
        self.owners = np.concatenate(owners) if owners else np.empty(0, np.int64)
        self._faces = np.array([len(rows) for rows in enrolled])
        self._templates = np.stack([template_of(people.embeddings[rows]) for rows in enrolled])
        self._singles = people.embeddings[np.concatenate(enrolled)]
        self._single_owners = np.repeat(drawn, self._faces)

    def search(self, probes: Rows, owners: Rows) -> Searched:
        """Search for photos; -1 owns those of strangers."""
        starts = range(0, max(len(probes), 1), _TOGETHER)
        return Searched.joined(
            [
                self._search(probes[at : at + _TOGETHER], owners[at : at + _TOGETHER])
                for at in starts
            ]
        )

    def _search(self, probes: Rows, owners: Rows) -> Searched:
        faces = self._people.embeddings[probes]
        distances = distances_between(faces, self._templates)
        seen_people = min(CANDIDATES, len(self._drawn))
        order = np.argpartition(distances, seen_people - 1, axis=1)[:, :seen_people]
        near = np.take_along_axis(distances, order, axis=1)
        by_distance = np.argsort(near, axis=1)
        order = np.take_along_axis(order, by_distance, axis=1)
        templates = self._templates[order].astype(np.float64)
        products = np.matmul(templates, templates.transpose(0, 2, 1))
        squares = np.square(templates).sum(axis=2)
        apart = np.sqrt(np.clip(squares[:, :, None] + squares[:, None] - 2 * products, 0, None))
        near = np.take_along_axis(near, by_distance, axis=1)
        if self._crowd_of is not None:
            of_faces = self._crowd_of(faces, self._people.owners[probes])
            of_people = self._crowd_of(self._templates, self._drawn)[order]
            near = evened(near, of_faces[:, None], of_people)
            apart = evened(apart, of_people[:, :, None], of_people[:, None])
        singles = distances_between(faces, self._singles)
        nearest = singles.argmin(axis=1)
        return Searched(
            seen=Seen.of(near, apart, self._faces[order]),
            right=self._drawn[order] == owners[:, None],
            face=singles[np.arange(len(faces)), nearest],
            face_right=self._single_owners[nearest] == owners,
        )
