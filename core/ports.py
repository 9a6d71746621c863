"""What the use cases need from the outside world."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.faces.results import ModelId, Recognition


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """A message in flight; ``receive_count`` is 1 at its first delivery."""

    body: str
    receipt: str
    receive_count: int


class JobQueue(Protocol):
    """A queue that delivers at least once. Every method may raise ``QueueUnavailable``."""

    def send(self, body: str) -> None: ...

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        """Wait for up to ``limit`` messages (10 at most); they are in flight from then on."""
        ...

    def delete(self, message: ReceivedMessage) -> None: ...

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        """Let a message in flight be delivered again after that time from now."""
        ...

    def check(self) -> None:
        """Raise ``QueueUnavailable`` unless the queue exists and answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object and the tag of its version."""

    body: bytes
    version: str


class ObjectStore(Protocol):
    """One bucket. Every method may raise ``StorageUnavailable``."""

    def get(self, key: str) -> StoredObject:
        """Return an object; ``ObjectMissing`` if there is none."""
        ...

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        """Return an object, or None while it still has that version."""
        ...

    def put(self, key: str, body: bytes, *, content_type: str) -> None: ...

    def put_if(self, key: str, body: bytes, *, content_type: str, version: str | None) -> bool:
        """Write only over that version (None: only where nothing is); tell whether it was done."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        ...

    def has_prefix(self, prefix: str) -> bool:
        """Tell whether any key begins so."""
        ...

    def check(self) -> None:
        """Raise ``StorageUnavailable`` unless the bucket exists and answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class EnrolledFace:
    """A known face; ``embedding`` is float32 of shape (D,)."""

    face_id: str
    person: str
    embedding: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Match:
    """An enrolled face and its distance to the probe."""

    face_id: str
    person: str
    distance: float


class FaceIndex(Protocol):
    """The galleries of all collections."""

    def enrol(self, collection_id: str, faces: Sequence[EnrolledFace], *, model: ModelId) -> int:
        """Add faces, replacing those with the same id; return how many were new or changed.

        Raises
        ------
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        ...

    def nearest(
        self, collection_id: str, probe: NDArray[np.float32], *, model: ModelId
    ) -> Match | None:
        """Return the enrolled face nearest to a probe, None while nobody is enrolled.

        Parameters
        ----------
        probe : ndarray of float32, shape (D,)
            Embedding; not modified.

        Raises
        ------
        ModelMismatch
            If the collection holds embeddings of another model.
        """
        ...


class Recognizer(Protocol):
    """Turns photos into faces under a deadline."""

    def recognise(self, photo: bytes) -> Recognition:
        """Return the faces of a photo.

        Raises
        ------
        InvalidPhoto
            If the photo can't be decoded.
        RecognitionFailed
            If there was no answer within the deadline, or the child died.
        """
        ...
