"""Writes all collections of a deployment into a backup, while others use them.

Faces come first, then what belongs to their people, and what was erased comes last: a restore
leaves out who was erased while the backup was made. A collection whose faces can't be read is left
out, and the end names it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from core import __version__
from core.bootstrap.shared import Shared
from core.collections.collection import Collection
from core.errors import CollectionNotFound, StorageUnavailable
from core.faces.results import Model
from core.ground.storage_keys import NAMES_SECRET, collection_key, crop_key
from efr_cli.backup.archive import FORMAT, About, ArchiveWriter, Missing
from efr_cli.backup.contents import (
    OF_COLLECTIONS,
    OF_SERVICE,
    OF_TENANT,
    bodies,
    full_key,
    objects,
    tenants,
)
from efr_cli.transfer.galleries import GalleryUnreadable, pages_of
from efr_cli.transfer.parquet import PAGE

_ATTEMPTS: Final = 5


@dataclass(kw_only=True)
class Saved:
    """How much was written, and what could not be read."""

    collections: int = 0
    faces: int = 0
    unknown_faces: int = 0
    objects: int = 0
    missing: list[Missing] = field(default_factory=list)


def all_collections(shared: Shared) -> Iterator[Collection]:
    """Yield the collections of a tenant that are not being erased, as they are now."""
    after = ""
    while page := shared.collections.page(limit=PAGE, after=after):
        yield from (each for each in page if each.state == "active")
        after = page[-1].collection_id


def faces_in(shared: Shared) -> int:
    """Return how many faces there are now, of all tenants, also those that are kept as unknown."""
    faces = 0
    for tenant in tenants(shared.gallery):
        own = shared.of_tenant(tenant)
        for collection in all_collections(own):
            # Erased meanwhile, or it got another gallery, or its own can't be read.
            with suppress(CollectionNotFound, StorageUnavailable):
                faces += own.people.count(collection) + own.kept.count(collection)
    return faces


def about_now(shared: Shared) -> About:
    """Return what a backup says of itself that is begun now."""
    return About(
        format=FORMAT,
        version=__version__,
        made_at=shared.gallery.now(),
        tenants=tuple(tenants(shared.gallery)),
    )


@dataclass(kw_only=True)
class Saver:
    """Writes what belongs to a deployment.

    Parameters
    ----------
    shared : Shared
        The parts of the tenant without a name.
    on_faces : callable
        Called with the number of faces that were written just now.
    """

    shared: Shared
    writer: ArchiveWriter
    on_faces: Callable[[int], object]
    saved: Saved = field(default_factory=Saved)

    def save(self, about: About) -> Saved:
        """Write all that can be read, and the end; return what this was."""
        saved = self.saved
        for tenant in about.tenants:
            own = self.shared.of_tenant(tenant)
            self._objects(tenant, own, (NAMES_SECRET,))
            for collection in all_collections(own):
                try:
                    self._collection(tenant, own, collection)
                except GalleryUnreadable as error:
                    saved.missing.append(_missing(tenant, collection, error))
            self._objects(tenant, own, OF_COLLECTIONS)
            self._objects(tenant, own, OF_TENANT)
        self._objects("", self.shared, OF_SERVICE)
        self.writer.end(saved.missing)
        return saved

    def _collection(self, tenant: str, own: Shared, collection: Collection) -> None:
        saved = self.saved
        written: dict[str, int] = {}
        for _ in range(_ATTEMPTS):
            with suppress(CollectionNotFound):  # it got another gallery, or was erased
                self._faces(tenant, own, collection, written)
                now = own.collections.now(collection.collection_id)
                if _galleries(now) == _galleries(collection):
                    key = full_key(tenant, collection_key(collection.collection_id))
                    self.writer.objects([(key, now.model_dump_json().encode())])
                    saved.collections += 1
                    saved.faces += written.get(now.gallery_id, 0)
                    if now.unknowns is not None:
                        saved.unknown_faces += written[now.unknowns.gallery_id]
                    return
            try:
                collection = own.collections.now(collection.collection_id)
            except CollectionNotFound:
                return
        raise StorageUnavailable(
            f"collection {collection.collection_id!r} gets other galleries all the time"
        )

    def _faces(
        self, tenant: str, own: Shared, collection: Collection, written: dict[str, int]
    ) -> None:
        """Write the galleries that are not written yet, with pictures; note how many faces."""
        models = {collection.gallery_id: collection.model}
        if collection.unknowns is not None:
            models[collection.unknowns.gallery_id] = collection.unknowns.model
        for gallery_id, model in models.items():
            if model is not None and gallery_id not in written:
                try:
                    written[gallery_id] = self._gallery(tenant, own, collection, gallery_id, model)
                except GalleryUnreadable as error:
                    if gallery_id == collection.gallery_id:
                        raise
                    # Those who have a name are worth more than that those without are lost.
                    written[gallery_id] = 0
                    self.saved.missing.append(_missing(tenant, collection, error))

    def _gallery(
        self, tenant: str, own: Shared, collection: Collection, gallery_id: str, model: Model
    ) -> int:
        written = 0
        for page in pages_of(own.collections, own.index, collection, gallery_id, limit=PAGE):
            self.writer.faces(gallery_id, page, model)
            crops = [crop_key(collection.crops_folder, face.face_id) for face in page]
            found = bodies(own.own, crops)
            self.writer.objects((full_key(tenant, key), body) for key, body in found)
            written += len(page)
            self.on_faces(len(page))
        return written

    def _objects(self, tenant: str, own: Shared, prefixes: tuple[str, ...]) -> None:
        for prefix in prefixes:
            found = objects(own.own, prefix)
            self.saved.objects += self.writer.objects(
                (full_key(tenant, key), body) for key, body in found
            )


def _missing(tenant: str, collection: Collection, error: GalleryUnreadable) -> Missing:
    return Missing(
        tenant=tenant,
        collection_id=collection.collection_id,
        what=error.what,
        reason=error.reason,
    )


def _galleries(collection: Collection) -> tuple[object, ...]:
    return collection.gallery_id, collection.model, collection.unknowns
