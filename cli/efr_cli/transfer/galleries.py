"""All faces of a gallery, page by page."""

from collections.abc import Iterator
from typing import Literal

from core.collections.collection import Collection
from core.collections.registry import Collections
from core.errors import CollectionNotFound, FaceServiceError, StorageUnavailable
from core.ports import EnrolledFace, FaceIndex
from efr_cli.errors import Refused


class GalleryUnreadable(Refused):
    """Raised when a collection is there, and its faces are not, or some of their files."""

    def __init__(self, collection: Collection, gallery_id: str, reason: FaceServiceError) -> None:
        self.what: Literal["faces", "unknown faces"] = (
            "faces" if gallery_id == collection.gallery_id else "unknown faces"
        )
        self.reason = str(reason)
        super().__init__(
            "GALLERY_UNREADABLE",
            f"the {self.what} of collection {collection.collection_id!r} can't be read: {reason}",
        )


def pages(index: FaceIndex, gallery_id: str, *, limit: int) -> Iterator[list[EnrolledFace]]:
    """Yield all faces of a gallery, in order of ids."""
    after = ""
    while page := index.page(gallery_id, limit=limit, after=after):
        yield page
        after = page[-1].face_id


def pages_of(
    collections: Collections,
    index: FaceIndex,
    collection: Collection,
    gallery_id: str,
    *,
    limit: int,
) -> Iterator[list[EnrolledFace]]:
    """Yield all faces of a gallery that a collection has, in order of ids.

    Raises
    ------
    CollectionNotFound
        If the collection was erased meanwhile, or got another gallery.
    GalleryUnreadable
        If it still has that one.
    """
    try:
        yield from pages(index, gallery_id, limit=limit)
    except (CollectionNotFound, StorageUnavailable) as error:
        # This asks the bucket, too: while that is away, nothing is known of one gallery.
        now = collections.now(collection.collection_id)
        if gallery_id not in now.galleries:
            raise CollectionNotFound(str(error)) from error
        raise GalleryUnreadable(collection, gallery_id, error) from error


def check_readable(collections: Collections, index: FaceIndex, collection: Collection) -> None:
    """Raise what `pages_of` raises if a gallery of a collection can't be read."""
    for gallery_id in collection.galleries:
        next(pages_of(collections, index, collection, gallery_id, limit=1), None)
