"""What a backup holds, as a first look through it tells; that look checks all of it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from core.collections.collection import Collection
from core.collections.erased.erasure_log import NOTHING_ERASED, ErasureLog
from core.ground.storage_keys import COLLECTIONS, ERASURES, GROUPS, NAMES_SECRET, PAST_ERASURES
from efr_cli.backup.archive import ArchiveReader, FacesPart, ObjectsPart
from efr_cli.backup.contents import parted
from efr_cli.errors import Refused

Place = tuple[str, str]
"""A tenant, and an id of one of their collections."""


@dataclass(kw_only=True)
class Outline:
    """What a backup holds, as a first look through it tells."""

    made_at: datetime
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What names are hashed by, of each tenant."""
    collections: dict[Place, Collection] = field(default_factory=dict)
    logs: dict[Place, ErasureLog] = field(default_factory=dict)
    past: dict[Place, list[ErasureLog]] = field(default_factory=lambda: defaultdict(list))
    faces: int = 0

    @classmethod
    def of(cls, archive: ArchiveReader, *, on_faces: Callable[[int], object]) -> "Outline":
        """Read a backup from its beginning to its end.

        Raises
        ------
        Refused
            If anything in it is damaged.
        """
        outline = cls(made_at=archive.about.made_at)
        for part in archive.parts():
            if isinstance(part, FacesPart):
                for page in part.pages():
                    outline.faces += len(page)
                    on_faces(len(page))
            else:
                outline.note(part)
        return outline

    def note(self, part: ObjectsPart) -> None:
        """Note what some objects tell."""
        for key, body in part.items():
            found = parted(key)
            if found is None:
                raise _damaged(f"it has an object {key[:100]!r}")
            try:
                self._note(*found, body)
            except ValidationError as error:
                raise _damaged(f"its object {key[:100]!r} is damaged") from error

    def _note(self, tenant: str, own: str, body: bytes) -> None:
        if own == NAMES_SECRET:
            self.secrets[tenant] = body
        elif own.startswith(COLLECTIONS):
            collection = Collection.from_stored(body)
            self.collections[tenant, collection.collection_id] = collection
        elif own.startswith(ERASURES):
            self.logs[tenant, collection_of(own)] = ErasureLog.model_validate_json(body)
        elif own.startswith(PAST_ERASURES):
            past = ErasureLog.model_validate_json(body)
            self.past[tenant, collection_of(own)].append(past)

    def erased(self, place: Place) -> ErasureLog:
        """Return what was ever erased in a collection until the backup was done."""
        return self.logs.get(place, NOTHING_ERASED).with_past(self.past.get(place, ()))


def collection_of(own: str) -> str:
    """Return the id of the collection to which an object of its people belongs."""
    second = own.split("/", 2)[1]
    return second.removesuffix(".json" if own.startswith((ERASURES, GROUPS)) else ".of")


def _damaged(reason: str) -> Refused:
    return Refused("INVALID_BACKUP", f"the backup can't be restored: {reason}")
