"""Brings back what a backup holds and the deployment lacks, without anyone who was erased since.

A first look through the file checks all of it, and says what is to be done. Only then anything is
written. A collection's record is written last: until then nobody sees the collection, and a restore
that broke off is run again.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

from core.bootstrap.shared import Shared
from core.collections.collection import Collection
from core.errors import CollectionNotFound
from core.ground.storage_keys import (
    AUDIT,
    COLLECTIONS,
    CONSENTS,
    CROPS,
    ERASURES,
    GROUPS,
    KEYS,
    NAMES_SECRET,
    PAST_ERASURES,
    PERSON_IDS,
    id_of_hash_key,
)
from efr_cli.backup.archive import ArchiveReader, FacesPart, ObjectsPart
from efr_cli.backup.contents import parted, put_new
from efr_cli.backup.outline import Outline, Place, collection_of
from efr_cli.backup.returning import Returning
from efr_cli.errors import Refused

_OF_ERASURES: Final = (NAMES_SECRET, ERASURES, PAST_ERASURES, AUDIT, KEYS)
"""What a newer backup says better than an older one."""


@dataclass(kw_only=True)
class Restored:
    """What a restore did. ``there`` were there before, ``gone`` were erased since the backup."""

    collections: int = 0
    faces: int = 0
    unknown_faces: int = 0
    erased_faces: int = 0
    there: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Restore:
    """Brings a backup back.

    Parameters
    ----------
    shared : Shared
        The parts of the tenant without a name.
    newer : Outline, optional
        A look through a newer backup, whose erasures count, too.
    on_faces : callable
        Called with the number of faces that were read just now.
    """

    shared: Shared
    archive: ArchiveReader
    outline: Outline
    newer: Outline | None = None
    on_faces: Callable[[int], object] = lambda _: None
    done: Restored = field(default_factory=Restored)

    def check(self) -> None:
        """Find what is to be done.

        Raises
        ------
        Refused
            If the backup is of another service than the people who are here, or a collection of
            the same id is another one.
        """
        for tenant, secret in self.outline.secrets.items():
            self._check_secret(tenant, secret)
        for tenant, secret in (self.newer.secrets if self.newer else {}).items():
            if self.outline.secrets.get(tenant, secret) != secret:
                raise Refused("OTHER_SERVICE", "the two backups are of different services")
        for place, collection in self.outline.collections.items():
            self._check_collection(place, collection)

    def run(self, newer: ArchiveReader | None = None) -> Restored:
        """Write what `check` found."""
        self._prepare()
        if newer is not None:
            for part in newer.parts():
                if not isinstance(part, FacesPart):
                    self._put(part, only=_OF_ERASURES)
        for part in self.archive.parts():
            if isinstance(part, FacesPart):
                self._faces(part)
            else:
                self._put(part)
        for target in self._targets.values():
            self._finish(target)
        return self.done

    def _check_secret(self, tenant: str, secret: bytes) -> None:
        own = self._of(tenant).own
        if own.keys(NAMES_SECRET, limit=1) and own.get(NAMES_SECRET).body != secret:
            raise Refused(
                "OTHER_SERVICE",
                "there are, or were, people here of whom the backup knows nothing: restore it into "
                "a service where nobody was enrolled yet, or into the one that it is of",
            )

    def _check_collection(self, place: Place, collection: Collection) -> None:
        tenant, collection_id = place
        own = self._of(tenant)
        logs = [own.collections.erasures.ever(collection_id)]
        if self.newer is not None:
            logs.append(self.newer.erased(place))
        logs.append(self.outline.erased(place))
        made_at = self.outline.made_at
        if any(log.covers(person=None, accepted_at=made_at) for log in logs):
            self.done.gone.append(_shown(place))
            return
        there = own.collections.find(collection_id)
        is_same = there is not None and there.crops_folder == collection.crops_folder
        if there is not None and not is_same and not there.is_empty:
            raise Refused(
                "COLLECTION_EXISTS",
                f"there is another collection {_shown(place)!r} here, and nothing was changed: "
                "restore into a new service, or delete that one first if it is not needed",
            )
        if there is not None and is_same and self._has_faces(own, there):
            self.done.there.append(_shown(place))
            return
        target = Returning(
            place=place,
            collection=collection,
            erased=logs,
            own_log=self.outline.erased(place),
        )
        self._targets[place] = target

    def _has_faces(self, own: Shared, collection: Collection) -> bool:
        """Tell whether the galleries are there that a collection has now."""
        try:
            for gallery_id in collection.galleries:
                own.index.count(gallery_id)
        except CollectionNotFound:
            return False
        return True

    def _prepare(self) -> None:
        for tenant, secret in self.outline.secrets.items():
            put_new(self._of(tenant).own, {NAMES_SECRET: secret})
        for tenant, collection_id in self._targets:
            collections = self._of(tenant).collections
            there = collections.find(collection_id)
            if there is not None and not there.is_empty:
                # It lacks faces, and is not to be found again before it has them.
                collections.delete_record(there)

    @cached_property
    def _targets(self) -> dict[Place, Returning]:
        return {}

    @cached_property
    def _by_gallery(self) -> dict[str, tuple[Returning, bool]]:
        """What each gallery holds, and whether these are unknown faces."""
        found = {}
        for target in self._targets.values():
            found[target.collection.gallery_id] = target, False
            if target.collection.unknowns is not None:
                found[target.collection.unknowns.gallery_id] = target, True
        return found

    @cached_property
    def _by_folder(self) -> dict[tuple[str, str], Returning]:
        return {
            (target.place[0], target.collection.crops_folder): target
            for target in self._targets.values()
        }

    def _faces(self, part: FacesPart) -> None:
        target, is_unknown = self._by_gallery.get(part.gallery_id, (None, False))
        for page in part.pages():
            if target is not None:
                kept = list(target.as_they_are(page, self.outline.made_at))
                if kept:
                    index = self.shared.index
                    index.create(part.gallery_id, length=len(kept[0].embedding))
                    index.put(part.gallery_id, kept)
                if is_unknown:
                    target.unknown_faces += len(kept)
                else:
                    target.faces += len(kept)
            self.on_faces(len(page))

    def _put(self, part: ObjectsPart, *, only: tuple[str, ...] = ("",)) -> None:
        """Store objects where there are none, but for those of people who are left out."""
        made: dict[str, dict[str, bytes]] = defaultdict(dict)
        for key, body in part.items():
            found = parted(key)
            if found is not None and found[1].startswith(only):
                tenant, own = found
                kept = self._kept(tenant, own, body)
                if kept is not None:
                    made[tenant][own] = kept
        for tenant, objects in made.items():
            put_new(self._of(tenant).own, objects)

    def _kept(self, tenant: str, own: str, body: bytes) -> bytes | None:
        """Return what is to be stored of an object, None if nothing is."""
        if own.startswith(COLLECTIONS):
            return None  # at the end
        if own.startswith(CROPS):
            _, folder, name = own.split("/", 2)
            target = self._by_folder.get((tenant, folder))
            is_kept = target is not None and name.removesuffix(".jpg") not in target.left_out
            return body if is_kept else None
        if own.startswith((CONSENTS, PERSON_IDS, GROUPS)):
            target = self._targets.get((tenant, collection_of(own)))
            return None if target is None else target.as_it_is(own, body, self._of(tenant).names)
        return body

    def _finish(self, target: Returning) -> None:
        """Set right what was in flux when the backup was made; then let the collection be seen."""
        own, said = self._of(target.place[0]), target.collection
        if target.left_out:
            own.group_store.forget_faces(said, frozenset(target.left_out))
        for former, name in sorted(target.renamed):
            self._rename(own, target, former, name)
        # Last: a collection that has its record counts as restored.
        own.collections.bring_back(
            said.model_copy(
                update={
                    # A gallery is made when its first face comes.
                    "model": said.model if target.faces else None,
                    "unknowns": said.unknowns if target.unknown_faces else None,
                }
            )
        )
        self.done.collections += 1
        self.done.faces += target.faces
        self.done.unknown_faces += target.unknown_faces
        self.done.erased_faces += len(target.left_out)

    def _rename(self, own: Shared, target: Returning, former: str, name: str) -> None:
        """Let what belongs to a person follow their faces, which have the new name already."""
        collection = target.collection
        own.consents.carry(collection.collection_id, former, name)
        key = id_of_hash_key(collection.collection_id, own.names.of(name))
        if not own.own.keys(key, limit=1) and name not in target.as_read:
            own.person_ids.carry(collection, former, name)
        if own.person_ids.of(collection, former) == own.person_ids.of(collection, name):
            own.person_ids.leave(collection, former)

    @cached_property
    def _of(self) -> Callable[[str], Shared]:
        return cache(self.shared.of_tenant)


def _shown(place: Place) -> str:
    tenant, collection_id = place
    return f"{tenant}:{collection_id}" if tenant else collection_id
