"""Whose face it may be: the people of a collection by how like they are to a face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.collections.collection import Collection
from core.faces.assignment import best_assignment
from core.faces.calibration import DEFAULT_MAX_DISTANCE
from core.faces.decision import (
    CANDIDATES,
    DEFAULT_FALSE_NAME_RATE,
    Calibration,
    Candidate,
    calibration_of,
    decide,
    false_name_rate,
    least_similarity,
)
from core.faces.results import Model
from core.ports import FaceIndex, FoundPeople, FoundPerson

_ONE_ALONE: Final = 1


@dataclass(frozen=True, kw_only=True)
class LikePerson:
    """A person, and how like a face they are: 0–100."""

    found: FoundPerson
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """The people like a face, most similar first; ``alike`` may be the first one's other names."""

    people: list[LikePerson]
    alike: frozenset[str] = frozenset()

    @property
    def best(self) -> LikePerson | None:
        return self.people[0] if self.people else None

    def reaches(self, least: float) -> bool:
        return self.best is not None and self.best.similarity >= least

    def goes_on(self, least: float, *, width: int) -> bool:
        """Tell whether more people may be that similar than so many who were looked for."""
        return len(self.people) >= width and self.people[-1].similarity >= least

    def of(self, name: str | None) -> LikePerson | None:
        return next((each for each in self.people if each.found.person == name), None)

    def other_than(self, name: str) -> LikePerson | None:
        """Return the most similar person but that one."""
        return next((each for each in self.people if each.found.person != name), None)

    def may_be_one(self, name: str, other: str) -> bool:
        """Tell whether two names may be one person's, of whom the first is the most similar."""
        is_best = self.best is not None and self.best.found.person == name
        return is_best and other in self.alike


NOBODY: Final = Likeness(people=[])


@dataclass(frozen=True, kw_only=True)
class LikenessOfFaces:
    """Compares faces with the people of collections.

    Parameters
    ----------
    index : FaceIndex
    max_distance : float, optional
        Distance to a template at which the similarity is 80, instead of what is known of
        the model.
    own_distance : float
        The same for a model of which nothing is known.
    false_name_rate : float
        Share of strangers who may be named, in a collection without a rate of its own.
    """

    index: FaceIndex
    max_distance: float | None = None
    own_distance: float = DEFAULT_MAX_DISTANCE
    false_name_rate: float = DEFAULT_FALSE_NAME_RATE

    def least(self, collection: Collection) -> float:
        """Return the similarity from which a face gets a person's name."""
        if collection.threshold is not None:
            return collection.threshold
        if collection.false_name_rate is not None:
            return _shown(least_similarity(collection.false_name_rate))
        return self.usual_least

    @property
    def usual_least(self) -> float:
        """The same for a collection that says nothing."""
        return _shown(least_similarity(self.false_name_rate))

    def expected_false_names(self, collection: Collection) -> float | None:
        """Return the share of strangers who get a name, None where that is not known."""
        if self.max_distance is not None or collection.model is None:
            return None
        is_known = self._calibration(collection.model).spread is not None
        return round(false_name_rate(self.least(collection)), 6) if is_known else None

    def of(
        self,
        collection: Collection,
        faces: Sequence[NDArray[np.float32]],
        *,
        limit: int = CANDIDATES,
    ) -> list[Likeness]:
        """Return the people like each embedding; so many at least, where there are as many.

        Whoever is farther than a face that users said is nobody's is not like it.
        """
        if collection.model is None or not faces:
            return [NOBODY for _ in faces]
        self.index.refresh(collection.gallery_id)
        found = self.index.search_people(
            collection.gallery_id,
            np.stack(faces),
            limit=max(limit, CANDIDATES),
        )
        calibration = self._calibration(collection.model)
        return [_likeness(face, each, calibration) for face, each in zip(faces, found, strict=True)]

    def of_template(
        self, model: Model, face: NDArray[np.float32], template: NDArray[np.float32], *, faces: int
    ) -> float:
        """Return how like a face one person's template is, whoever else there is."""
        candidate = Candidate(
            distance=float(np.linalg.norm(template - face)), faces=faces, template=template
        )
        return self._similarity(model, face, candidate, people=_ONE_ALONE)

    def of_photos(
        self, model: Model, one: NDArray[np.float32], other: NDArray[np.float32]
    ) -> float:
        """Return how like two photos' faces are."""
        return self.of_template(model, one, other, faces=1)

    def of_enrolled(
        self, collection: Collection, found: Sequence[tuple[NDArray[np.float32], float]]
    ) -> list[float]:
        """Return how like faces single enrolled faces are, by their distance, among so many people.

        How many there are is asked for with any face.
        """
        if collection.model is None or not found:
            return []
        (seen,) = self.index.search_people(collection.gallery_id, found[0][0][np.newaxis], limit=1)
        return [
            self._similarity(
                collection.model, face, Candidate(distance=distance, faces=1), people=seen.people
            )
            for face, distance in found
        ]

    def _similarity(
        self, model: Model, face: NDArray[np.float32], candidate: Candidate, *, people: int
    ) -> float:
        decision = decide(face, [candidate], people=people, calibration=self._calibration(model))
        return decision.similarities[0]

    def _calibration(self, model: Model) -> Calibration:
        return calibration_of(model, max_distance=self.max_distance, own_distance=self.own_distance)


def _shown(similarity: float) -> float:
    """Round a threshold to what users are told, so that just that holds."""
    return round(similarity, 2)


def _likeness(face: NDArray[np.float32], found: FoundPeople, calibration: Calibration) -> Likeness:
    candidates = [
        Candidate(distance=each.distance, faces=each.faces, template=each.template)
        for each in found.nearest
    ]
    decision = decide(face, candidates, people=found.people, calibration=calibration)
    similar = [
        LikePerson(found=each, similarity=similarity)
        for each, similarity in zip(found.nearest, decision.similarities, strict=True)
        if each.face_distance <= found.nobody_at
    ]
    return Likeness(
        people=sorted(similar, key=lambda each: -each.similarity),
        alike=frozenset(found.nearest[place].person for place in decision.alike),
    )


def one_to_one(likenesses: Sequence[Likeness], *, least: float) -> list[LikePerson | None]:
    """Return who each face of a photo shows, from a similarity on; nobody is there twice.

    Of several faces that are like one person, those get the name that together are the
    most similar to the people whom they show.
    """
    names = sorted({each.found.person for likeness in likenesses for each in likeness.people})
    places = {name: place for place, name in enumerate(names)}
    gains = np.zeros((len(likenesses), len(names)))
    for row, likeness in enumerate(likenesses):
        for each in likeness.people:
            if each.similarity >= least:
                # One more, so that nobody is left out where a similarity of 0 is enough.
                gains[row, places[each.found.person]] = each.similarity + 1
    return [
        None if place is None else likeness.of(names[place])
        for likeness, place in zip(likenesses, best_assignment(gains), strict=True)
    ]
