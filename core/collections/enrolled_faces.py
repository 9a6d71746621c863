"""Enrolled faces, as they are read: all, one person's, a photo's."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.collections.collection import Collection
from core.collections.crops import Crops
from core.collections.enrolment.face_ids import possible_face_ids
from core.collections.kept_faces import KeptFaces
from core.collections.registry import Collections
from core.errors import CollectionNotFound, FaceNotFound, ImageNotFound, PersonNotFound
from core.ports import EnrolledFace, FaceIndex

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class EnrolledFaces:
    """The faces of collections. Every method raises ``CollectionNotFound`` if there is none."""

    collections: Collections
    index: FaceIndex
    kept: KeptFaces
    crops: Crops

    def faces(
        self, collection_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        """Return the next faces behind an id, in order of ids; all, or one person's."""
        collection = self.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return []
        return self.index.page(collection.gallery_id, limit=limit, after=after, person=person)

    def count(self, collection: Collection) -> int:
        """Return how many faces a collection holds."""
        return 0 if collection.model is None else self.index.count(collection.gallery_id)

    def count_people(self, collection: Collection) -> int:
        """Return how many people the faces of a collection are."""
        return 0 if collection.model is None else self.index.count_people(collection.gallery_id)

    def count_all(self) -> int:
        """Return how many faces all collections hold that are not being erased."""
        faces, after = 0, ""
        while page := self.collections.page(limit=_PAGE, after=after):
            for each in page:
                with suppress(CollectionNotFound):  # erased meanwhile
                    faces += self.count(each) if each.state == "active" else 0
            after = page[-1].collection_id
        return faces

    def face(self, collection_id: str, face_id: str) -> EnrolledFace:
        """Return an enrolled face.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        found = [] if collection.model is None else self.index.get(collection.gallery_id, [face_id])
        if not found:
            raise no_face(face_id, collection_id)
        return found[0]

    def faces_on(self, collection_id: str, image_id: str) -> list[EnrolledFace]:
        """Return the faces of a photo, the largest first.

        Raises
        ------
        ImageNotFound
            If none is enrolled.
        """
        collection = self.collections.fresh_if_empty(collection_id)
        ids = possible_face_ids(collection_id, image_id)
        found = [] if collection.model is None else self.index.get(collection.gallery_id, ids)
        if not found:
            raise ImageNotFound(f"no face of that photo is enrolled in {collection_id!r}")
        return sorted(found, key=lambda face: ids.index(face.face_id))

    def crop(self, collection_id: str, face_id: str) -> bytes:
        """Return the picture of a face that is enrolled, or kept as unknown; a JPEG.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        CropNotKept
            If no picture of it is kept.
        """
        self.any_face(collection_id, face_id)
        return self.crops.of(self.collections.get(collection_id).crops_folder, face_id)

    def any_face(self, collection_id: str, face_id: str) -> EnrolledFace:
        """Return a face that is enrolled, or kept as unknown.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        """
        found = self.kept.get(self.collections.now(collection_id), [face_id])
        return found[0] if found else self.face(collection_id, face_id)

    def faces_of(self, collection_id: str, person: str) -> list[EnrolledFace]:
        """Return all faces of a person.

        Raises
        ------
        PersonNotFound
            If no one of that name is enrolled.
        """
        found = list(self._all_faces_of(collection_id, person))
        if not found:
            raise nobody(person, collection_id)
        return found

    def found(self, collection: Collection, face_ids: Sequence[str]) -> list[EnrolledFace]:
        """Return those of the faces that are enrolled."""
        return [
            face
            for start in range(0, len(face_ids), _PAGE)
            for face in self.index.get(collection.gallery_id, face_ids[start : start + _PAGE])
        ]

    def _all_faces_of(self, collection_id: str, person: str) -> Iterator[EnrolledFace]:
        after = ""
        while page := self.faces(collection_id, limit=_PAGE, after=after, person=person):
            yield from page
            after = page[-1].face_id


def no_face(face_id: str, collection_id: str) -> FaceNotFound:
    return FaceNotFound(f"no face {face_id} is enrolled in {collection_id!r}")


def nobody(person: str, collection_id: str) -> PersonNotFound:
    return PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
