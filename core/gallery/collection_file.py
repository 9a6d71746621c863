"""A collection as one object: embeddings, ids and names in an npz file."""

import io
from dataclasses import dataclass
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import GalleryCorrupt
from core.faces.results import ModelId
from core.ports import EnrolledFace


@dataclass(frozen=True, kw_only=True)
class CollectionFile:
    """All enrolled faces of one collection.

    ``embeddings`` is float32 of shape (N, D), D being the model's; ``face_ids``
    and ``persons`` have one entry a row.
    """

    model: ModelId
    face_ids: tuple[str, ...]
    persons: tuple[str, ...]
    embeddings: NDArray[np.float32]

    @classmethod
    def empty(cls, model: ModelId) -> Self:
        return cls(
            model=model,
            face_ids=(),
            persons=(),
            embeddings=np.empty((0, 0), dtype=np.float32),
        )

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Read what ``to_bytes`` wrote; never unpickles.

        Raises
        ------
        GalleryCorrupt
            If it is something else.
        """
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                name, version = arrays["model"]
                collection = cls(
                    model=ModelId(name=str(name), version=str(version)),
                    face_ids=tuple(arrays["face_ids"].tolist()),
                    persons=tuple(arrays["persons"].tolist()),
                    embeddings=arrays["embeddings"],
                )
        except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
            raise GalleryCorrupt(f"the stored collection can't be read: {error}") from error
        rows = len(collection.embeddings)
        if not rows == len(collection.face_ids) == len(collection.persons):
            raise GalleryCorrupt(
                "the stored collection has names and embeddings of several lengths"
            )
        return collection

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        np.savez(
            buffer,
            model=np.array([self.model.name, self.model.version]),
            face_ids=np.array(self.face_ids, dtype=np.str_),
            persons=np.array(self.persons, dtype=np.str_),
            embeddings=self.embeddings,
        )
        return buffer.getvalue()

    def with_faces(self, faces: list[EnrolledFace]) -> Self:
        """Return the collection with these faces added, over those of the same id."""
        merged = {
            face_id: (person, embedding)
            for face_id, person, embedding in zip(
                self.face_ids, self.persons, self.embeddings, strict=True
            )
        }
        merged.update({face.face_id: (face.person, face.embedding) for face in faces})
        return type(self)(
            model=self.model,
            face_ids=tuple(merged),
            persons=tuple(person for person, _ in merged.values()),
            embeddings=np.array([row for _, row in merged.values()], dtype=np.float32),
        )
