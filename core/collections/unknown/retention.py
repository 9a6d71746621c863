"""Removes unknown faces that have been kept long enough."""

from dataclasses import dataclass
from datetime import timedelta

from core.collections.collection import Collection
from core.collections.crops import Crops
from core.collections.kept_faces import KeptFaces
from core.collections.unknown.group_store import GroupStore


@dataclass(frozen=True, kw_only=True)
class UnknownRetention:
    """Removes kept faces that are older than ``kept_for``.

    Ignored ones are enrolled. They go with their collection, or when someone erases them: without
    them, the same stranger would be shown again.
    """

    kept: KeptFaces
    crops: Crops
    groups: GroupStore
    kept_for: timedelta

    def sweep(self, collection: Collection) -> int:
        """Remove the old faces of a collection; return how many."""
        oldest = self.groups.now() - self.kept_for
        old = [
            face.face_id
            for face in self.kept.listed(collection)
            if face.enrolled_at is not None and face.enrolled_at < oldest
        ]
        if old:
            self.crops.erase(collection.crops_folder, old)
            self.kept.erase(collection, old)
            self.groups.forget_faces(collection, frozenset(old))
        return len(old)
