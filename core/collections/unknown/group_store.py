"""Which unnamed faces of a collection are in one group, as it is stored.

The object holds ids of faces and of groups, no embedding and no name. It belongs to the gallery
that the collection had when it was written: a collection that is made again has no groups.

Whoever names or ignores a group claims it first, by a conditional write. So of two who want to do
that at once one gets it. A claim is void after a while, for its holder may have died.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, Field

from core.collections.collection import Collection
from core.errors import GroupChanged, ObjectMissing, StorageUnavailable
from core.ground.records import Frozen
from core.ground.storage_keys import groups_key
from core.ports import ObjectStore

CLAIMED_FOR: Final = timedelta(minutes=5)
_ATTEMPTS: Final = 20


class Group(Frozen):
    """Faces that are one person's; ``told`` once others were told of it as a new group."""

    faces: tuple[str, ...]
    told: bool = False
    claimed_at: AwareDatetime | None = None

    def is_claimed(self, now: datetime) -> bool:
        """Tell whether someone is naming or ignoring it."""
        return self.claimed_at is not None and now - self.claimed_at < CLAIMED_FOR


class Grouping(Frozen):
    """The groups of a collection, by their ids."""

    gallery_id: str
    groups: dict[str, Group] = Field(default_factory=dict)

    @property
    def of_faces(self) -> dict[str, str]:
        """The group of each face."""
        return {face: group_id for group_id, group in self.groups.items() for face in group.faces}

    def without(self, group_id: str) -> "Grouping":
        """Return it without a group; the group's faces are in none then."""
        others = {each: group for each, group in self.groups.items() if each != group_id}
        return self.model_copy(update={"groups": others})

    def having(self, group_id: str, group: Group) -> "Grouping":
        """Return it with that group under an id."""
        return self.model_copy(update={"groups": {**self.groups, group_id: group}})


@dataclass(frozen=True, kw_only=True)
class GroupStore:
    """The groupings of a tenant's collections. Every method may raise ``StorageUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    """

    store: ObjectStore

    def now(self) -> datetime:
        """Return the time by S3's clock."""
        return self.store.now()

    def read(self, collection: Collection) -> tuple[Grouping, str | None]:
        """Return a collection's groups, none if nothing is stored, and the object's version."""
        empty = Grouping(gallery_id=collection.gallery_id)
        try:
            stored = self.store.get(groups_key(collection.collection_id))
        except ObjectMissing:
            return empty, None
        found = Grouping.model_validate_json(stored.body)
        return (found if found.gallery_id == collection.gallery_id else empty), stored.version

    def write(self, collection: Collection, grouping: Grouping, *, version: str | None) -> bool:
        """Store groups instead of that version; tell whether it was still there."""
        return self.store.put_if(
            groups_key(collection.collection_id),
            grouping.model_dump_json(exclude_defaults=True).encode(),
            content_type="application/json",
            version=version,
        )

    def claim(self, collection: Collection, group_id: str) -> Group:
        """Let a group be the caller's for a while; return it as it was.

        Raises
        ------
        GroupChanged
            If there is none of that id, or it is another's.
        """
        now = self.now()
        for _ in range(_ATTEMPTS):
            grouping, version = self.read(collection)
            group = grouping.groups.get(group_id)
            if group is None or group.is_claimed(now):
                raise GroupChanged(
                    "there is no such group now: it was named, ignored, or joined to another; "
                    "list the groups again"
                )
            claimed = grouping.having(group_id, group.model_copy(update={"claimed_at": now}))
            if self.write(collection, claimed, version=version):
                return group
        raise StorageUnavailable("the groups were changed by others all the time")

    def release(self, collection: Collection, group_id: str, group: Group | None) -> None:
        """End a claim: the group is that one afterwards, or there is none of its id."""
        for _ in range(_ATTEMPTS):
            grouping, version = self.read(collection)
            if group_id not in grouping.groups:
                return
            if group is None:
                changed = grouping.without(group_id)
            else:
                changed = grouping.having(group_id, group)
            if self.write(collection, changed, version=version):
                return
        raise StorageUnavailable("the groups were changed by others all the time")

    def forget(self, collection_id: str) -> None:
        """Remove what is stored of a collection."""
        self.store.delete(groups_key(collection_id))

    def forget_faces(self, collection: Collection, face_ids: frozenset[str]) -> None:
        """Remove faces from their groups."""
        for _ in range(_ATTEMPTS):
            grouping, version = self.read(collection)
            if not face_ids & grouping.of_faces.keys():
                return
            left = {
                group_id: group.model_copy(update={"faces": faces})
                for group_id, group in grouping.groups.items()
                if (faces := tuple(face for face in group.faces if face not in face_ids))
            }
            changed = grouping.model_copy(update={"groups": left})
            if self.write(collection, changed, version=version):
                return
        raise StorageUnavailable("the groups were changed by others all the time")
