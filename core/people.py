"""What users do with enrolled faces: list, rename, merge, reassign, reject."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from core.collections import Collection, Collections
from core.errors import FaceNotFound, PersonNotFound, PersonRejected
from core.ports import EnrolledFace, FaceIndex

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class People:
    """The people of collections. Every method raises ``CollectionNotFound`` if there is none."""

    collections: Collections
    index: FaceIndex

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
            raise FaceNotFound(f"no face {face_id} is enrolled in {collection_id!r}")
        return found[0]

    def faces_of(self, collection_id: str, person: str) -> list[EnrolledFace]:
        """Return all faces of a person.

        Raises
        ------
        PersonNotFound
            If nobody of that name is enrolled.
        """
        found = list(self._all_faces_of(collection_id, person))
        if not found:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        return found

    def rename(self, collection_id: str, person: str, new_name: str) -> int:
        """Give a person's faces another name, which may be that of somebody enrolled.

        A face of which it was said that it is not the new person's loses its name.
        Returns how many faces there were.

        Raises
        ------
        PersonNotFound
            If nobody of that name is enrolled.
        """
        faces = self.faces_of(collection_id, person)
        renamed = [
            replace(face, person=None if new_name in face.rejected else new_name) for face in faces
        ]
        self._put(collection_id, renamed)
        return len(renamed)

    def reassign(self, collection_id: str, face_id: str, person: str) -> EnrolledFace:
        """Say whose face it is.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        PersonRejected
            If it was said before that it is not that person's.
        """
        face = self.face(collection_id, face_id)
        if person in face.rejected:
            raise PersonRejected(f"face {face_id} was said not to be {person!r}")
        return self._put(collection_id, [replace(face, person=person)])[0]

    def reject(self, collection_id: str, face_id: str, person: str) -> EnrolledFace:
        """Say that a face is not that person's: it is never matched to them again.

        Raises
        ------
        FaceNotFound
            If there is none of that id.
        """
        face = self.face(collection_id, face_id)
        rejected = replace(
            face,
            person=None if face.person == person else face.person,
            rejected=face.rejected | {person},
        )
        return self._put(collection_id, [rejected])[0]

    def _all_faces_of(self, collection_id: str, person: str) -> Iterator[EnrolledFace]:
        after = ""
        while page := self.faces(collection_id, limit=_PAGE, after=after, person=person):
            yield from page
            after = page[-1].face_id

    def _put(self, collection_id: str, faces: list[EnrolledFace]) -> list[EnrolledFace]:
        gallery_id = self.collections.get(collection_id).gallery_id
        for start in range(0, len(faces), _PAGE):
            self.index.put(gallery_id, faces[start : start + _PAGE])
        return faces
