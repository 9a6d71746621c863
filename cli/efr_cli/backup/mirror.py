"""Brings another deployment to the state of this one, as often as this one changes.

Nothing is noted: what is there is compared with what is here, page by page. So it can be broken off
anywhere and begun again, and takes no more memory for more faces.

A collection's record is written before its faces, and removed after them. So no gallery is left
there of which nothing tells; nobody uses the other deployment meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from core.bootstrap.shared import Shared
from core.collections.collection import Collection
from core.errors import CollectionNotFound, ObjectMissing
from core.ground.storage_keys import AUDIT, NAMES_SECRET, collection_key, crop_key
from core.ports import EnrolledFace, ObjectStore
from efr_cli.backup.comparing import changed_faces, faces_between, keys_between
from efr_cli.backup.contents import (
    OF_COLLECTIONS,
    OF_SERVICE,
    OF_TENANT,
    bodies,
    content_type,
    parts_of,
    tenants,
)
from efr_cli.backup.saving import all_collections
from efr_cli.transfer.galleries import check_readable

_PAGE: Final = 1000
_WRITE_AT_ONCE: Final = 16


@dataclass(kw_only=True)
class Mirror:
    """Copies all that belongs to people.

    Parameters
    ----------
    source, target : Shared
        The parts of the tenant without a name, here and there.
    on_faces : callable
        Called with the number of faces that were compared just now.
    on_pass : callable
        Called before each pass.
    check : callable
        Called before each step that may write; raises if nothing may be written any more.
    """

    source: Shared
    target: Shared
    on_faces: Callable[[int], object] = lambda _: None
    on_pass: Callable[[], object] = lambda: None
    check: Callable[[], object] = lambda: None
    changed: int = 0
    """Faces and objects that were written or removed by the last pass."""
    collections: int = 0
    faces: int = 0
    _tenants: dict[str, tuple[Shared, Shared]] = field(default_factory=dict)

    def run(self) -> int:
        """Copy what is new or changed, remove what is gone; return how much that was.

        Raises
        ------
        GalleryUnreadable
            If the faces of a collection are gone here.
        """
        self.on_pass()
        self.changed = self.collections = self.faces = 0
        here, there = tenants(self.source.gallery), tenants(self.target.gallery)
        for tenant in sorted({*here, *there}):
            self._tenant(*self._of(tenant))
        self._objects(self.source.gallery, self.target.gallery, OF_SERVICE)
        return self.changed

    def _of(self, tenant: str) -> tuple[Shared, Shared]:
        if tenant not in self._tenants:
            here, there = (each.of_tenant(tenant) for each in (self.source, self.target))
            self._tenants[tenant] = here, there
        return self._tenants[tenant]

    def _tenant(self, here: Shared, there: Shared) -> None:
        self._objects(here.own, there.own, (NAMES_SECRET,))
        present = {each.collection_id: each for each in all_collections(here)}
        for former in list(_every_collection(there)):
            self._drop(there, former, present.get(former.collection_id))
        for collection in present.values():
            self._record(there, collection)
            try:
                self.faces += self._faces(here, there, collection)
            except CollectionNotFound:  # erased, or it got another gallery: the next pass sees it
                self.changed += 1
                with suppress(CollectionNotFound):
                    check_readable(here.collections, here.index, collection)
            self.collections += 1
        self._objects(here.own, there.own, OF_COLLECTIONS)
        self._objects(here.own, there.own, OF_TENANT)

    def _drop(self, there: Shared, former: Collection, now: Collection | None) -> None:
        """Remove the galleries that a collection has no more, and one that is gone."""
        kept = set() if now is None else set(now.galleries)
        gone = set(former.galleries) - kept
        loses_crops = now is None or now.crops_folder != former.crops_folder
        if gone or loses_crops:
            self.check()
        for gallery_id in gone:
            there.index.drop(gallery_id)
            self.changed += 1
        if loses_crops:
            there.crops.erase_all(former.crops_folder)
        if now is None:
            there.collections.delete_record(former)

    def _record(self, there: Shared, collection: Collection) -> None:
        key, body = (
            collection_key(collection.collection_id),
            collection.model_dump_json().encode(),
        )
        if _body(there.own, key) != body:
            self.check()
            there.own.put(key, body, content_type=content_type(key))
            there.collections.announce(collection)
            self.changed += 1

    def _faces(self, here: Shared, there: Shared, collection: Collection) -> int:
        folder = collection.crops_folder
        return sum(self._gallery(here, there, each, folder) for each in collection.galleries)

    def _gallery(self, here: Shared, there: Shared, gallery_id: str, folder: str) -> int:
        """Bring a gallery there to the state that it has here; return the number of its faces."""
        after, count = "", 0
        while True:
            page = here.index.page(gallery_id, limit=_PAGE, after=after)
            is_last = len(page) < _PAGE
            until = None if is_last else page[-1].face_id
            known = {
                face.face_id: face
                for face in faces_between(there.index, gallery_id, after=after, until=until)
            }
            self._copy(here, there, gallery_id, folder, changed_faces(page, known))
            gone = sorted(known.keys() - {face.face_id for face in page})
            if gone:
                self.check()
                there.crops.erase(folder, gone)
                there.index.erase(gallery_id, gone)
                self.changed += len(gone)
            count += len(page)
            self.on_faces(len(page))
            if until is None:
                return count
            after = until

    def _copy(
        self,
        here: Shared,
        there: Shared,
        gallery_id: str,
        folder: str,
        faces: Sequence[EnrolledFace],
    ) -> None:
        """Copy faces, each after its picture."""
        if not faces:
            return
        crops = {crop_key(folder, face.face_id): face.face_id for face in faces}
        found = dict(bodies(here.own, list(crops)))
        self.check()
        _put_all(there.own, found)
        there.crops.erase(folder, [crops[key] for key in crops.keys() - found.keys()])
        there.index.create(gallery_id, length=len(faces[0].embedding))
        there.index.put(gallery_id, faces)
        self.changed += len(faces)

    def _objects(self, here: ObjectStore, there: ObjectStore, prefixes: Sequence[str]) -> None:
        for prefix in prefixes:
            after = ""
            while True:
                keys = here.keys(prefix, after=after, limit=_PAGE)
                until = None if len(keys) < _PAGE else keys[-1]
                known = set(keys_between(there, prefix, after=after, until=until))
                # A record of the audit trail never changes.
                asked = [key for key in keys if prefix != AUDIT or key not in known]
                for some in parts_of(asked, _WRITE_AT_ONCE):
                    self._update(here, there, some, known)
                gone = sorted(known - set(keys))
                if gone:
                    self.check()
                    there.delete_many(gone)
                self.changed += len(gone)
                if until is None:
                    break
                after = until

    def _update(
        self, here: ObjectStore, there: ObjectStore, keys: Sequence[str], known: Set[str]
    ) -> None:
        """Write those objects that are new or changed; ``known`` are those that are there."""
        found = dict(bodies(here, keys))
        same = dict(bodies(there, [key for key in found if key in known]))
        new = {key: body for key, body in found.items() if same.get(key) != body}
        if new:
            self.check()
            _put_all(there, new)
            self.changed += len(new)


def _every_collection(shared: Shared) -> Iterator[Collection]:
    after = ""
    while page := shared.collections.page(limit=_PAGE, after=after):
        yield from page
        after = page[-1].collection_id


def _put_all(store: ObjectStore, found: dict[str, bytes]) -> None:
    def put(key: str) -> None:
        store.put(key, found[key], content_type=content_type(key))

    with ThreadPoolExecutor(max_workers=_WRITE_AT_ONCE) as threads:
        list(threads.map(put, found))


def _body(store: ObjectStore, key: str) -> bytes | None:
    try:
        return store.get(key).body
    except ObjectMissing:
        return None
