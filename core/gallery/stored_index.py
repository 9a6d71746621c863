"""Enrolled faces in S3, one object a collection, searched in memory.

Every process keeps the collections that it has searched and asks S3 whether
they changed, at most once in ``refresh_s``. Writers replace the object only
if it is still the version that they read, so that no enrolment is lost.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidCollectionId, ModelMismatch, ObjectMissing, StorageUnavailable
from core.faces.results import ModelId
from core.gallery.collection_file import CollectionFile
from core.ports import EnrolledFace, Match, ObjectStore

_COLLECTION_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MAX_WRITE_ATTEMPTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class _Cached:
    faces: CollectionFile | None
    version: str
    checked_at_s: float


class StoredFaceIndex:
    """A FaceIndex on an ObjectStore.

    Parameters
    ----------
    store : ObjectStore
        The gallery bucket.
    refresh_s : float
        Age at which a cached collection is checked against S3 again.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._refresh_s = refresh_s
        self._clock = clock
        self._cache: dict[str, _Cached] = {}
        self._lock = threading.Lock()

    def enrol(self, collection_id: str, faces: Sequence[EnrolledFace], *, model: ModelId) -> int:
        """Add faces, replacing those with the same id; return how many were new or changed."""
        key = _key(collection_id)
        for _ in range(_MAX_WRITE_ATTEMPTS):
            present, version = self._read(key)
            collection = present or CollectionFile.empty(model)
            _check_model(collection, model)
            changed = _changed(collection, faces)
            if not changed:
                return 0
            written = self._store.put_if(
                key,
                collection.with_faces(changed).to_bytes(),
                content_type="application/octet-stream",
                version=version,
            )
            if written:
                return len(changed)
        raise StorageUnavailable(
            f"collection {collection_id!r} was changed by others "
            f"{_MAX_WRITE_ATTEMPTS} times in a row"
        )

    def nearest(
        self, collection_id: str, probe: NDArray[np.float32], *, model: ModelId
    ) -> Match | None:
        """Return the enrolled face nearest to a probe, None while nobody is enrolled."""
        collection = self._current(collection_id)
        if collection is None or not collection.face_ids:
            return None
        _check_model(collection, model)
        distances = np.linalg.norm(collection.embeddings - probe, axis=1)
        best = int(np.argmin(distances))
        return Match(
            face_id=collection.face_ids[best],
            person=collection.persons[best],
            distance=float(distances[best]),
        )

    def _current(self, collection_id: str) -> CollectionFile | None:
        key = _key(collection_id)
        with self._lock:
            cached = self._cache.get(key)
            now_s = self._clock()
            if cached is None or now_s - cached.checked_at_s >= self._refresh_s:
                cached = self._refreshed(key, cached, now_s)
                self._cache[key] = cached
            return cached.faces

    def _refreshed(self, key: str, cached: _Cached | None, now_s: float) -> _Cached:
        try:
            stored = self._store.get_if_changed(key, cached.version if cached else "")
        except ObjectMissing:
            return _Cached(faces=None, version="", checked_at_s=now_s)
        if stored is None and cached is not None:
            return _Cached(faces=cached.faces, version=cached.version, checked_at_s=now_s)
        assert stored is not None  # noqa: S101 - no version matches the empty one
        faces = CollectionFile.from_bytes(stored.body)
        return _Cached(faces=faces, version=stored.version, checked_at_s=now_s)

    def _read(self, key: str) -> tuple[CollectionFile | None, str | None]:
        try:
            stored = self._store.get(key)
        except ObjectMissing:
            return None, None
        return CollectionFile.from_bytes(stored.body), stored.version


def _key(collection_id: str) -> str:
    if not _COLLECTION_ID.fullmatch(collection_id):
        raise InvalidCollectionId(
            f"a collection id is 1 to 100 of A-Z a-z 0-9 _ . -, not {collection_id!r}"
        )
    return f"collections/{collection_id}.npz"


def _check_model(collection: CollectionFile, model: ModelId) -> None:
    if collection.model != model:
        raise ModelMismatch(
            f"the collection holds embeddings of {collection.model.name} "
            f"{collection.model.version}, not of {model.name} {model.version}"
        )


def _changed(collection: CollectionFile, faces: Sequence[EnrolledFace]) -> list[EnrolledFace]:
    rows = {face_id: row for row, face_id in enumerate(collection.face_ids)}

    def is_known(face: EnrolledFace) -> bool:
        row = rows.get(face.face_id)
        return (
            row is not None
            and collection.persons[row] == face.person
            and np.array_equal(collection.embeddings[row], face.embedding)
        )

    return [face for face in faces if not is_known(face)]
