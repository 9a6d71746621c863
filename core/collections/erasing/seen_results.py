"""What a process remembers of the results that it has read for an erasure.

Every erasure, and every question for someone who is not there, looks through all results.
Results hardly ever change, so that of those which were read before a few hashes tell who
can't be in them. They tell nothing else: names and faces are hashed with a key that this
process alone knows, and a result that may hold someone is read again.
"""

import hashlib
import secrets
import threading
from collections.abc import Set
from typing import Final

from core.errors import Erased
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import JobResult

MOST: Final = 50_000
"""Results that are remembered, in some 200 bytes each; the others are read each time."""
_MARK_BYTES: Final = 8
_LOCKS: Final = 256
"""Several results share one, so that none need be made or forgotten."""
_ANYONE: Final = "anyone"
"""May be in a failed job's photo, whose notes alone tell."""


class SeenResults:
    """Results by the versions of their objects; for many threads."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._seen: dict[str, bytes] = {}
        self._reading = [threading.Lock() for _ in range(_LOCKS)]

    def reading(self, version: str) -> threading.Lock:
        """Return what a thread holds while it reads a result, so that no other one reads it too.

        Who waited for it finds the result remembered.
        """
        return self._reading[hash(version) % _LOCKS]

    def sweep(self, collection_id: str, *, person: str | None, face_ids: Set[str]) -> "Sweep":
        """Begin to look through all results; for all of a collection without person and faces."""
        whom = {self._mark("face", face_id) for face_id in face_ids}
        if person is not None:
            whom.add(self._mark("person", person))
        return Sweep(self, self._mark("collection", collection_id), whom)

    def _mark(self, *text: str) -> bytes:
        joined = "\0".join(text).encode()
        return hashlib.blake2b(joined, key=self._key, digest_size=_MARK_BYTES).digest()

    def _marks(self, result: JobResult) -> bytes | None:
        """Return the marks of those who may be in a result; None if that can't be told."""
        if isinstance(result, JobFailed) and result.error.code == Erased.code:
            return b""
        if result.collection_id is None:
            return None
        marks = {self._mark(*text) for text in _held(result)}
        return self._mark("collection", result.collection_id) + b"".join(sorted(marks))


class Sweep:
    """One look through all results, after which only those are remembered that were there."""

    def __init__(self, seen: SeenResults, collection: bytes, whom: Set[bytes]) -> None:
        self._memory = seen
        self._collection = collection
        self._whom = whom | {seen._mark(_ANYONE)} if whom else frozenset()
        self._here: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def rules_out(self, version: str) -> bool:
        """Tell whether a result was read before, in that version, and holds nobody sought."""
        marks = self._memory._seen.get(version)
        if marks is None:
            return False
        self._keep(version, marks)
        cut = range(_MARK_BYTES, len(marks), _MARK_BYTES)
        if marks[:_MARK_BYTES] != self._collection:
            return True
        return bool(self._whom) and self._whom.isdisjoint(
            marks[at : at + _MARK_BYTES] for at in cut
        )

    def note(self, version: str, result: JobResult) -> None:
        """Remember a result that was read."""
        marks = self._memory._marks(result)
        if marks is not None:
            self._keep(version, marks)

    def note_other(self, version: str) -> None:
        """Remember a result that is another tenant's."""
        self._keep(version, b"")

    def end(self) -> None:
        """Forget the results that are no longer there."""
        self._memory._seen = self._here

    def _keep(self, version: str, marks: bytes) -> None:
        with self._lock:
            for remembered in (self._here, self._memory._seen):
                if len(remembered) < MOST:
                    remembered[version] = marks


def _held(result: JobResult) -> set[tuple[str, ...]]:
    if isinstance(result, JobDone):
        people = [pair for face in result.faces for pair in face.people]
        faces = {("face", face_id) for _, face_id in people if face_id is not None}
        return faces | {("person", name) for name, _ in people}
    if isinstance(result, IndexDone):
        persons = {result.person, *(record.person for record in result.face_records)}
        faces = {("face", record.face_id) for record in result.face_records}
        return faces | {("person", person) for person in persons if person is not None}
    return {(_ANYONE,)}
