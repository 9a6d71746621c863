"""Single enrolled faces, and the photos from which they came."""

from collections.abc import Iterator

from elastic_face.answers import FaceList, ImageFaces, KnownFace, Receipt
from elastic_face.calls.base import Calls, path_of, read


class FaceCalls(Calls):
    """Lists, shows, corrects and erases enrolled faces."""

    def faces(self, collection_id: str, *, person: str | None = None) -> Iterator[KnownFace]:
        """Yield the faces of a collection, or those of a person."""
        path = path_of("collections", collection_id, "faces")
        for page in self._pages(FaceList, path, person=person):
            yield from page.faces

    def face_image(self, collection_id: str, face_id: str) -> bytes:
        """Return the picture of a face, a JPEG of 160 pixels a side."""
        path = path_of("collections", collection_id, "faces", face_id, "image")
        return bytes(self._transport.ask("GET", path).data)

    def reassign_face(self, collection_id: str, face_id: str, person: str) -> KnownFace:
        """Say whose face it is."""
        return self._say(collection_id, face_id, "reassign", person)

    def reject_face(self, collection_id: str, face_id: str, person: str) -> KnownFace:
        """Say that a face is not that person's; it is never matched to them again."""
        return self._say(collection_id, face_id, "reject", person)

    def erase_face(self, collection_id: str, face_id: str) -> Receipt:
        """Erase a face for good."""
        return self._erase(path_of("collections", collection_id, "faces", face_id))

    def image(self, collection_id: str, image_id: str) -> ImageFaces:
        """Return the enrolled faces of a photo."""
        return self._get(ImageFaces, path_of("collections", collection_id, "images", image_id))

    def erase_image(self, collection_id: str, image_id: str) -> Receipt:
        """Erase all faces of a photo for good."""
        return self._erase(path_of("collections", collection_id, "images", image_id))

    def _say(self, collection_id: str, face_id: str, what: str, person: str) -> KnownFace:
        path = path_of("collections", collection_id, "faces", face_id, what)
        answer = self._transport.ask("POST", path, json={"person": person}, repeatable=True)
        return read(KnownFace, answer)
