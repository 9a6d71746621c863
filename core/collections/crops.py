"""Crops of enrolled faces: small pictures, each an object beside the galleries.

Crops lie in a folder of their collection, under the ids of their faces. A crop is written before
its face is put, and removed before its face is erased, so that every crop that is seen has a face
by which an erasure finds it.

A worker that dies in between would leave a crop without a face, which nobody finds. So a mark
lies there while faces are written: it names the faces, their jobs, and keyed hashes of their
people (`core.access.name_hashes`). An erasure looks at the marks, too. A mark that is left behind
is swept an hour later, with those of its crops that have no face.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from core.access.name_hashes import NameHashes
from core.errors import CropNotKept, ObjectMissing
from core.ground.ids import is_face_id
from core.ground.records import Frozen
from core.ground.storage_keys import crop_key, crop_mark_key, crop_marks_prefix, crops_prefix
from core.ports import EnrolledFace, FaceIndex, ObjectStore

_AT_ONCE: Final = 16
_LEFT_AFTER: Final = timedelta(hours=1)
"""Age of a mark whose writer is dead: no write takes so long."""
_PAGE: Final = 1000


class _Marked(Frozen):
    """A face that is being written, with the hash of its person's name."""

    job_id: str | None
    person: str | None


_MARK: Final = TypeAdapter(dict[str, _Marked])


@dataclass(frozen=True, kw_only=True)
class Meant:
    """Which crops are to be erased although their faces may not be there."""

    person: str | None = None
    face_ids: Set[str] = frozenset()
    job_ids: Set[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Crops:
    """The crops of a tenant. Every method may raise ``ServiceUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    names : NameHashes
        The tenant's.
    are_kept : bool
        Whether faces that are put get one.
    clock : callable
        Monotonic seconds.
    """

    store: ObjectStore
    names: NameHashes
    index: FaceIndex
    are_kept: bool = True
    clock: Callable[[], float] = time.monotonic
    _swept_s: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, folder: str, face_id: str) -> bytes:
        """Return the JPEG of an enrolled face.

        Raises
        ------
        CropNotKept
            If none is kept of it.
        """
        try:
            return self.store.get(crop_key(folder, face_id)).body
        except ObjectMissing:
            raise CropNotKept(f"no picture of face {face_id} is kept") from None

    @contextmanager
    def written(
        self,
        folder: str,
        faces: Sequence[EnrolledFace],
        crops: Mapping[str, bytes],
        *,
        outdated: Set[str] = frozenset(),
    ) -> Iterator[None]:
        """Write the crops of those faces that have one; the block puts the faces.

        If it fails, what was written stays marked. ``outdated`` are faces of other photos than
        before, which lose their former crops.
        """
        marked = {face.face_id: face for face in faces if self.are_kept and face.face_id in crops}
        self.erase(folder, outdated - marked.keys())
        if not marked:
            yield
            return
        mark = crop_mark_key(folder, uuid.uuid4().hex)
        self.store.put(mark, self._mark(marked.values()), content_type="application/json")

        def write(face_id: str) -> None:
            key = crop_key(folder, face_id)
            self.store.put(key, crops[face_id], content_type="image/jpeg")

        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(marked))) as threads:
            list(threads.map(write, marked))
        yield
        self.store.delete(mark)

    def erase(self, folder: str, face_ids: Iterable[str]) -> None:
        """Remove the crops of faces, before these are erased; no error if there are none."""
        keys = [crop_key(folder, face_id) for face_id in face_ids if is_face_id(face_id)]
        for start in range(0, len(keys), _PAGE):
            self.store.delete_many(keys[start : start + _PAGE])

    def erase_all(self, folder: str) -> None:
        """Remove all crops of a collection."""
        while keys := self.store.keys(crops_prefix(folder)):
            self.store.delete_many(keys)

    def unfinished(self, folder: str, meant: Meant) -> frozenset[str]:
        """Return the faces of whom a write was begun and not ended, and left a crop."""
        person = None if meant.person is None else self.names.of(meant.person)
        found = {
            face_id
            for mark in self._marks(folder)
            for face_id, marked in self._read(mark).items()
            if face_id in meant.face_ids
            or marked.job_id in meant.job_ids
            or (person is not None and marked.person == person)
        }
        return frozenset(face_id for face_id in found if self._is_there(folder, face_id))

    def sweep(self, folder: str, gallery_id: str) -> int:
        """Remove marks that were left behind, and their crops without a face; return how many."""
        marks = self._marks(folder)
        if not marks:
            return 0
        now, removed = self.store.now(), 0
        for mark in marks:
            with suppress(ObjectMissing):
                if self.store.notes(mark).modified_at > now - _LEFT_AFTER:
                    continue
                face_ids = list(self._read(mark))
                enrolled = {face.face_id for face in self.index.get(gallery_id, face_ids)}
                orphans = [face_id for face_id in face_ids if face_id not in enrolled]
                self.erase(folder, orphans)
                self.store.delete(mark)
                removed += len(orphans)
        return removed

    def sweep_at_times(self, folder: str, gallery_id: str) -> None:
        """Sweep a folder unless this process did so within the last hour."""
        now_s, pause_s = self.clock(), _LEFT_AFTER.total_seconds()
        with self._lock:
            if now_s - self._swept_s.get(folder, -pause_s) < pause_s:
                return
            self._swept_s[folder] = now_s
        self.sweep(folder, gallery_id)

    def _mark(self, faces: Iterable[EnrolledFace]) -> bytes:
        said = {
            face.face_id: _Marked(
                job_id=face.job_id,
                person=None if face.person is None else self.names.of(face.person),
            )
            for face in faces
        }
        return _MARK.dump_json(said)

    def _marks(self, folder: str) -> list[str]:
        found: list[str] = []
        after = ""
        while keys := self.store.keys(crop_marks_prefix(folder), after=after):
            found += keys
            after = keys[-1]
        return found

    def _read(self, mark: str) -> dict[str, _Marked]:
        try:
            return _MARK.validate_json(self.store.get(mark).body)
        except ObjectMissing:  # its writer is through
            return {}

    def _is_there(self, folder: str, face_id: str) -> bool:
        try:
            self.store.notes(crop_key(folder, face_id))
        except ObjectMissing:
            return False
        return True
