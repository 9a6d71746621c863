"""What the use cases need from the outside world."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import FileTooLarge
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.ground.names import spelled


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """A message in flight; ``receive_count`` is 1 at its first delivery.

    ``notes`` were sent with it, beside its body.
    """

    body: str
    receipt: str
    receive_count: int
    notes: Mapping[str, str] = field(default_factory=dict)


class JobQueue(Protocol):
    """A queue that delivers at least once. Every method may raise ``QueueUnavailable``."""

    def send(
        self, body: str, *, notes: Mapping[str, str] | None = None, delay_s: float = 0
    ) -> None:
        """Send a message, which nobody receives before that time has passed; 15 minutes at most."""
        ...

    def send_many(self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]] = ()) -> None:
        """Send all, with as many notes or none; after an error some may have been sent."""
        ...

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        """Wait for up to ``limit`` messages (10 at most); they are in flight from then on."""
        ...

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages; return those that the queue refused to delete."""
        ...

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        """Let a message in flight be delivered again after that time."""
        ...

    def set_visibility_many(
        self, messages: Sequence[ReceivedMessage], seconds: float
    ) -> list[ReceivedMessage]:
        """Set the visibility of messages in flight; return those that the queue refused."""
        ...

    def check(self) -> None:
        """Raise ``QueueUnavailable`` unless the queue exists and answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class ObjectNotes:
    """An object's metadata, and when it was written, by the bucket's own clock."""

    metadata: Mapping[str, str]
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredObject(ObjectNotes):
    """An object, and the tag of its version."""

    body: bytes
    version: str


@dataclass(frozen=True, kw_only=True)
class UploadForm:
    """Where a form with these fields and a ``file`` is to be posted."""

    url: str
    fields: Mapping[str, str]


_NO_PATH: Final = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f]")


def is_path(key: str) -> bool:
    """Tell whether a key has no empty, ``.`` or ``..`` segment and no control character."""
    return not _NO_PATH.search(key)


def checked_path(key: str) -> str:
    """Return a key to write to; ``ValueError`` unless it `is_path`."""
    if not is_path(key):
        raise ValueError(f"the key {key!r} is no path")
    return key


def check_size(size: int, max_bytes: int | None) -> None:
    """Raise ``FileTooLarge`` if an object of that size is over the limit."""
    if max_bytes is not None and size > max_bytes:
        raise FileTooLarge(f"{size} bytes; at most {max_bytes} bytes are accepted")


class ObjectStore(Protocol):
    """One bucket. Every method may raise ``StorageUnavailable``.

    What is written needs a key that `is_path`, else ``ValueError``. ``get`` takes any key.
    """

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Return an object; ``ObjectMissing`` if there is none.

        ``FileTooLarge`` if it has more than ``max_bytes``; its body is not read then.
        """
        ...

    def notes(self, key: str) -> ObjectNotes:
        """Return an object's metadata without its body; raises as ``get`` does."""
        ...

    def now(self) -> datetime:
        """Return the time by the bucket's own clock, to the second."""
        ...

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        """Return an object, or None while it still has that version."""
        ...

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Store an object; ``metadata`` is ASCII."""
        ...

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        """Write only over that version (None: only if there is no object); tell whether it did."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        ...

    def delete_many(self, keys: Sequence[str]) -> None:
        """Remove objects; no error if there are none."""
        ...

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        """Return the next keys with a prefix behind ``after``, in order; 1,000 at most.

        Fewer than that and than ``limit`` are all that there are.
        """
        ...

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        """Return the versions of the next objects, by key, as `keys` finds them.

        They are those of ``get``.
        """
        ...

    def versions(self, prefix: str) -> dict[str, str]:
        """Return the versions of all objects in a folder, whose name ends in ``/``, by key.

        Two of them are equal while the object is; they need not be those of ``get``.
        """
        ...

    def check(self) -> None:
        """Raise ``StorageUnavailable`` unless the bucket exists and answers."""
        ...


class Bucket(ObjectStore, Protocol):
    """An object store that may keep what is deleted or replaced, as old versions."""

    def obstacle(self) -> str | None:
        """Say why it can't be read although S3 answers, None if it can be."""
        ...

    def keeps_versions(self) -> bool:
        """Tell whether it keeps them, or did so before."""
        ...

    def forget_old_below(self, prefix: str) -> None:
        """Remove the old versions of what others write and delete below a prefix."""
        ...

    def upload_form(
        self, key: str, *, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> UploadForm:
        """Return a form by which anyone who has it may store one object for that long."""
        ...


@dataclass(frozen=True, kw_only=True)
class EnrolledFace:
    """A known face; ``embedding`` is float32 of shape (D,).

    ``person`` is None until a user names the face. ``rejected`` lists the people
    whom users rejected for it. ``job_id`` is the job that enrolled it; that job's
    photo and result hold the face too. Names have one spelling here, however
    older versions stored them.
    """

    face_id: str
    person: str | None
    image_id: str
    embedding: NDArray[np.float32]
    metadata: Mapping[str, str] = field(default_factory=dict)
    rejected: frozenset[str] = frozenset()
    job_id: str | None = None

    def __post_init__(self) -> None:
        _spell_names(self)


@dataclass(frozen=True, kw_only=True)
class Match:
    """An enrolled face and its distance to the probe; names as in `EnrolledFace`."""

    face_id: str
    person: str | None
    distance: float
    rejected: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _spell_names(self)


def _spell_names(face: EnrolledFace | Match) -> None:
    if face.person is not None:
        object.__setattr__(face, "person", spelled(face.person))
    if face.rejected:
        object.__setattr__(face, "rejected", frozenset(map(spelled, face.rejected)))


class FaceIndex(Protocol):
    """Galleries of enrolled faces, each searched on its own.

    A gallery has an opaque id of 32 hexadecimal digits, issued by
    `core.collections.registry`, so that no name of a caller's reaches a path or a filter.
    Every method may raise ``ServiceUnavailable``, and all but ``create``,
    ``drop`` and ``close`` raise ``CollectionNotFound`` if there is no such gallery.
    """

    def create(self, gallery_id: str, *, length: int) -> None:
        """Create an empty gallery for embeddings of that length, unless it exists."""
        ...

    def drop(self, gallery_id: str) -> None:
        """Remove a gallery with every trace of its faces; no error if there is none."""
        ...

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        """Store faces, replacing those of the same id; on return they are durable."""
        ...

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        """Return those of the faces that are enrolled, in any order."""
        ...

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        """Return the next faces behind an id, in order of ids; all, or one person's.

        ``person`` is `spelled`; faces are found in whatever spelling they were stored.
        """
        ...

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        """Remove faces with every trace of them; no error if there are none."""
        ...

    def count(self, gallery_id: str) -> int: ...

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        """Return the enrolled faces nearest to each probe, nearest first.

        Parameters
        ----------
        probes : ndarray of float32, shape (N, D)
            Embeddings; not modified. A face that any process put is found at the
            latest ``GALLERY_REFRESH_SECONDS`` and a second later.
        limit : int
            Faces per probe.
        """
        ...

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        """Let the next searches know all that any process stored until ``max_age_s`` ago.

        Returns at once, without a request, if they know it already. Otherwise it reads what
        is stored now.

        Parameters
        ----------
        max_age_s : float, optional
            Age of the knowledge; ``GALLERY_REFRESH_SECONDS`` and half a second when
            not given.

        Raises
        ------
        ServiceUnavailable
            If that can't be read; searches go on with what they know.
        """
        ...

    def close(self) -> None:
        """End threads and connections."""
        ...


class Recognizer(Protocol):
    """Turns photos into faces under a deadline."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        """Return the faces of a photo, and of those only what is needed.

        Raises
        ------
        InvalidPhoto
            If the photo can't be decoded.
        RecognitionFailed
            If there was no answer within the deadline, or the child died.
        """
        ...
