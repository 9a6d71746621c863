"""Groups as they are shown: biggest first, each with a known person who may be the one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.collections.unknown.groups import Groups, Seen
from core.errors import GroupChanged
from core.faces.decision import CANDIDATES, Candidate, calibration_of, decide
from core.ports import EnrolledFace, FaceIndex, FoundPeople

SHOWN: Final = 100
"""Faces of a group that the list of groups names."""
_LOOKED_AT: Final = 16
"""Faces of a group whose mean is searched for."""
_SUGGESTED_FROM: Final = 65.0
"""Similarity from which a person is suggested: well below that of a name, for a human decides."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A known person who is like the faces of a group; ``similarity`` is 0–100."""

    person: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class ShownGroup:
    """A group with the ids of its first faces, and how many it has."""

    group_id: str
    size: int
    face_ids: tuple[str, ...]
    suggestion: Suggestion | None = None


@dataclass(frozen=True, kw_only=True)
class GroupPage:
    """Groups, biggest first, and how many new faces are in none yet."""

    groups: list[ShownGroup]
    pending: int


@dataclass(frozen=True, kw_only=True)
class GroupListing:
    """Shows the groups of collections."""

    groups: Groups
    index: FaceIndex
    max_distance: float | None = None

    def page(
        self,
        collection_id: str,
        *,
        limit: int,
        after: tuple[int, str] | None = None,
        ignored: bool = False,
    ) -> GroupPage:
        """Return the next groups behind one, by its size and id.

        Parameters
        ----------
        ignored : bool
            Whether to return those that are ignored, not the others.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        """
        seen = self.groups.refresh(collection_id)
        now = self.groups.store.now()
        shown = [
            ShownGroup(group_id=group_id, size=len(group.faces), face_ids=group.faces[:SHOWN])
            for group_id, group in seen.grouping.groups.items()
            if not group.is_claimed(now) and seen.is_ignored(group) == ignored
        ]
        shown.sort(key=_place)
        if after is not None:
            shown = [group for group in shown if _place(group) > (-after[0], after[1])]
        page = shown[:limit]
        return GroupPage(
            groups=page if ignored else self._with_suggestions(seen, page), pending=seen.pending
        )

    def faces(
        self, collection_id: str, group_id: str, *, limit: int, after: str = ""
    ) -> list[EnrolledFace]:
        """Return the next faces of a group behind an id, in the order of ids.

        Raises
        ------
        GroupChanged
            If there is no such group now.
        """
        seen = self.groups.refresh(collection_id)
        group = seen.grouping.groups.get(group_id)
        if group is None:
            raise GroupChanged("there is no such group now; list the groups again")
        wanted = sorted(face_id for face_id in group.faces if face_id > after)[:limit]
        return sorted(self.groups.faces(seen, wanted), key=lambda face: face.face_id)

    def _with_suggestions(self, seen: Seen, page: Sequence[ShownGroup]) -> list[ShownGroup]:
        if seen.collection.model is None or not page:
            return list(page)
        wanted = [face_id for group in page for face_id in group.face_ids[:_LOOKED_AT]]
        found = {face.face_id: face for face in self.groups.faces(seen, wanted)}
        faces = [
            [found[face_id] for face_id in group.face_ids[:_LOOKED_AT] if face_id in found]
            for group in page
        ]
        with_faces = [each for each in faces if each]
        if not with_faces:
            return list(page)
        means = np.stack(
            [np.mean([face.embedding for face in each], axis=0) for each in with_faces]
        )
        gallery_id = seen.collection.gallery_id
        self.index.refresh(gallery_id)
        found_people = self.index.search_people(gallery_id, means, limit=CANDIDATES)
        people = iter(zip(means, found_people, strict=True))
        return [
            ShownGroup(
                group_id=group.group_id,
                size=group.size,
                face_ids=group.face_ids,
                suggestion=self._suggestion(seen, each, *next(people)) if each else None,
            )
            for group, each in zip(page, faces, strict=True)
        ]

    def _suggestion(
        self,
        seen: Seen,
        faces: Sequence[EnrolledFace],
        mean: NDArray[np.float32],
        found: FoundPeople,
    ) -> Suggestion | None:
        rejected = {name for face in faces for name in face.rejected}
        model = seen.collection.model
        if model is None or not found.nearest:
            return None
        decision = decide(
            mean,
            [
                Candidate(distance=each.distance, faces=each.faces, template=each.template)
                for each in found.nearest
            ],
            people=found.people,
            calibration=calibration_of(model, max_distance=self.max_distance),
        )
        likely = [
            Suggestion(person=each.person, similarity=round(likeness, 1))
            for each, likeness in zip(found.nearest, decision.similarities, strict=True)
            if likeness >= _SUGGESTED_FROM and each.person not in rejected
        ]
        return max(likely, key=lambda each: each.similarity, default=None)


def _place(group: ShownGroup) -> tuple[int, str]:
    return -group.size, group.group_id
