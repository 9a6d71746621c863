"""Who of a set of photos is enrolled, who is searched, and how often the answer is right."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.lfw import person_of


@dataclass(frozen=True, kw_only=True)
class Split:
    """Names of photos: ``several`` by person, in order, and ``strangers``, one of each."""

    several: Mapping[str, tuple[str, ...]]
    strangers: tuple[str, ...]

    def searched(self, enrolled: Collection[str]) -> tuple[str, ...]:
        """Return the photos of people with several that are not enrolled."""
        return tuple(
            photo for photos in self.several.values() for photo in photos if photo not in enrolled
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a search answered: the nearest enrolled person, and whom it names.

    ``nearest`` and ``named`` are None where there is nobody, or no face on the photo.
    """

    photo: str
    nearest: str | None
    named: str | None


def split(photos: Iterable[str]) -> Split:
    """Tell people who have two photos or more from strangers, who have one."""
    by_person: dict[str, list[str]] = {}
    for photo in sorted(photos):
        by_person.setdefault(person_of(photo), []).append(photo)
    return Split(
        several={name: tuple(names) for name, names in by_person.items() if len(names) > 1},
        strangers=tuple(names[0] for names in by_person.values() if len(names) == 1),
    )


def rates(searched: list[Answer], strangers: list[Answer]) -> dict[str, float | int]:
    """Return how often enrolled people are found and strangers are named.

    ``rank_1`` asks only who is nearest. ``named_rightly``, ``unknown`` and
    ``named_wrongly`` share out the searched photos by what the service says.
    """
    right = sum(answer.named == person_of(answer.photo) for answer in searched)
    unknown = sum(answer.named is None for answer in searched)
    first = sum(answer.nearest == person_of(answer.photo) for answer in searched)
    named = sum(answer.named is not None for answer in strangers)
    return {
        "searched": len(searched),
        "rank_1": _share(first, searched),
        "named_rightly": _share(right, searched),
        "unknown": _share(unknown, searched),
        "named_wrongly": _share(len(searched) - right - unknown, searched),
        "strangers": len(strangers),
        "strangers_named": _share(named, strangers),
    }


def compare_all(
    enrolled: Mapping[str, NDArray[np.float32] | None],
    probes: Mapping[str, NDArray[np.float32] | None],
    *,
    max_distance: float,
) -> list[Answer]:
    """Answer by comparing each probe with every enrolled photo, as simple programs do."""
    known = {photo: face for photo, face in enrolled.items() if face is not None}
    people = [person_of(photo) for photo in known]
    gallery = np.stack(list(known.values())).astype(np.float64)
    answers = []
    for photo, probe in probes.items():
        if probe is None:
            answers.append(Answer(photo=photo, nearest=None, named=None))
            continue
        distances = np.linalg.norm(gallery - probe, axis=1)
        row = int(distances.argmin())
        named = people[row] if distances[row] <= max_distance else None
        answers.append(Answer(photo=photo, nearest=people[row], named=named))
    return answers


def _share(count: int, of: list[Answer]) -> float:
    return round(count / len(of), 4) if of else 0.0
