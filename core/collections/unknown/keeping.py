"""Keeps faces that an upload or a match did not name.

They are written a moment later, several with one commit, so that no caller waits. A worker that
is killed in that moment loses them.

An erasure removes the result of a job first, and looks for the faces that it left afterwards.
Faces are written first, and it is looked for their result afterwards. So one of the two removes
them. A collection that was erased meanwhile has another gallery, or none.
"""

import logging
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cachetools import LRUCache

from core.collections.collection import Collection
from core.collections.crops import Crops
from core.collections.kept_faces import KeptFaces, kept_face_id, kept_image_id
from core.collections.registry import Collections
from core.errors import CollectionNotFound, Erased, ServiceUnavailable
from core.faces.results import Model, Recognition
from core.jobs.recognition_job import JobFailed
from core.jobs.results import Results
from core.ports import EnrolledFace, FaceIndex

log = logging.getLogger(__name__)

MOST_KEPT: Final = 50_000
"""Of one collection; beyond it nothing is kept until older ones are gone."""
_MOST_WAITING: Final = 10_000
"""Faces that wait to be written; more are lost while S3 is away."""
_TOGETHER_S: Final = 1.0
"""Time in which faces of matches gather."""
_MOST_JOBS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class _Unnamed:
    """A face that is to be kept, for a collection that had that gallery."""

    collection_id: str
    gallery_id: str
    model: Model
    face: EnrolledFace
    crop: bytes | None


class UnknownKeeper:
    """Keeps the unknown faces of one tenant; for many threads.

    Parameters
    ----------
    crops : Crops
    results : Results
        Where a job's result is looked for once its faces are written.
    by_default : bool
        Whether collections that say nothing keep them.
    min_quality : float
        Faces of a lower quality, 0–100, are not kept.
    run_in_background : callable
        Runs a task, which it is given with a name, beside everything else.
    sleep : callable
        How to let time pass.
    wall_clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        collections: Collections,
        index: FaceIndex,
        kept: KeptFaces,
        crops: Crops,
        results: Results,
        *,
        by_default: bool,
        min_quality: float,
        run_in_background: Callable[[str, Callable[[], None]], None],
        sleep: Callable[[float], None] = time.sleep,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._collections = collections
        self._index = index
        self._kept = kept
        self._crops = crops
        self._results = results
        self._by_default = by_default
        self._min_quality = min_quality
        self._run_in_background = run_in_background
        self._sleep = sleep
        self._wall_clock = wall_clock
        self._is_flushing = False
        self._noted: LRUCache[str, list[_Unnamed]] = LRUCache(_MOST_JOBS)
        self._waiting: list[_Unnamed] = []
        self._lock = threading.Lock()

    def keeps(self, collection: Collection) -> bool:
        """Tell whether a collection keeps unknown faces."""
        said = collection.keep_unknown
        return self._by_default if said is None else said

    def keeps_of(self, collection_id: str) -> bool:
        """Tell whether the collection of an id keeps unknown faces.

        Raises
        ------
        CollectionNotFound
            If there is none.
        """
        return self.keeps(self._collections.get(collection_id))

    def note(
        self, job_id: str, collection_id: str, recognition: Recognition, named: Sequence[bool]
    ) -> None:
        """Note the faces of an upload, and which of them were named, until it has its result."""
        faces = self._unnamed(collection_id, recognition, named, source=job_id, job_id=job_id)
        with self._lock:
            self._noted[job_id] = faces

    def settle(self, job_id: str) -> None:
        """Keep what was noted of an upload, which has its result now."""
        with self._lock:
            self._wait(self._noted.pop(job_id, []))

    def keep(self, collection_id: str, recognition: Recognition, named: Sequence[bool]) -> None:
        """Keep those faces of a match that were not named, a second later."""
        source = str(uuid.uuid4())
        faces = self._unnamed(collection_id, recognition, named, source=source, job_id=None)
        with self._lock:
            self._wait(faces)
            is_first = bool(faces) and not self._is_flushing
            self._is_flushing = self._is_flushing or is_first
        if is_first:
            self._run_in_background("unknown-faces", self._flush_soon)

    def _flush_soon(self) -> None:
        self._sleep(_TOGETHER_S)
        with self._lock:
            self._is_flushing = False
        self.flush()

    def flush(self) -> set[str]:
        """Write what waits; return whose collections' it was.

        What S3 refuses waits for the next time.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, []
        together: dict[tuple[str, str, Model], list[_Unnamed]] = defaultdict(list)
        for each in waiting:
            together[each.collection_id, each.gallery_id, each.model].append(each)
        changed: set[str] = set()
        for (collection_id, gallery_id, model), unnamed in together.items():
            try:
                if self._write(collection_id, gallery_id, model, unnamed):
                    changed.add(collection_id)
            except ServiceUnavailable as error:
                log.warning("unknown faces were not kept", extra={"reason": str(error)})
                with self._lock:
                    self._wait(unnamed)
        return changed

    def _wait(self, faces: list[_Unnamed]) -> None:
        self._waiting += faces[: max(0, _MOST_WAITING - len(self._waiting))]

    def _unnamed(
        self,
        collection_id: str,
        recognition: Recognition,
        named: Sequence[bool],
        *,
        source: str,
        job_id: str | None,
    ) -> list[_Unnamed]:
        collection = self._collections.get(collection_id)
        if not self.keeps(collection):
            return []
        images = {
            position: kept_image_id(source, position)
            for position, face in enumerate(recognition.faces)
            if not named[position] and len(face.embedding) and face.quality >= self._min_quality
        }
        now = datetime.fromtimestamp(self._wall_clock(), UTC)
        return [
            _Unnamed(
                collection_id=collection_id,
                gallery_id=collection.gallery_id,
                model=recognition.model,
                face=EnrolledFace(
                    face_id=kept_face_id(collection_id, image_id),
                    person=None,
                    image_id=image_id,
                    embedding=recognition.faces[position].embedding,
                    job_id=job_id,
                    box=recognition.faces[position].box,
                    quality=recognition.faces[position].quality,
                    enrolled_at=now,
                ),
                crop=recognition.faces[position].crop,
            )
            for position, image_id in images.items()
        ]

    def _write(
        self, collection_id: str, gallery_id: str, model: Model, unnamed: Sequence[_Unnamed]
    ) -> int:
        crops = {each.face.face_id: each.crop for each in unnamed if each.crop is not None}
        try:
            collection = self._collections.now(collection_id)
            if collection.gallery_id != gallery_id or not self.keeps(collection):
                return 0
            faces = self._without_known(collection, [each.face for each in unnamed])
            if not faces:
                return 0
            length = len(faces[0].embedding)
            collection = self._collections.bind_unknowns(collection, model, length=length)
        except CollectionNotFound:
            return 0
        return self._put(collection, faces, crops)

    def _put(
        self, collection: Collection, faces: list[EnrolledFace], crops: Mapping[str, bytes]
    ) -> int:
        try:
            with self._crops.written(collection.crops_folder, faces, crops):
                self._kept.put(collection, faces)
            now = self._collections.now(collection.collection_id)
            if now.crops_folder != collection.crops_folder:
                raise CollectionNotFound("another collection has its id")  # noqa: TRY301
        except CollectionNotFound:
            self._kept.drop(collection)
            self._crops.erase_all(collection.crops_folder)
            return 0
        gone = self._gone(now, faces)
        self._crops.erase(now.crops_folder, gone)
        self._kept.erase(now, gone)
        return len(faces) - len(gone)

    def _without_known(
        self, collection: Collection, faces: list[EnrolledFace]
    ) -> list[EnrolledFace]:
        """Leave out faces that were erased or enrolled since, and those for which is no room."""
        erased = self._collections.erased(collection)
        enrolled: set[str] = set()
        if collection.model is not None:
            ids = [face.face_id for face in faces]
            enrolled = {face.face_id for face in self._index.get(collection.gallery_id, ids)}
        new = [
            face
            for face in faces
            if face.face_id not in enrolled and not erased.covers_face(face.face_id)
        ]
        return new[: max(0, MOST_KEPT - self._kept.count(collection))]

    def _gone(self, collection: Collection, faces: Sequence[EnrolledFace]) -> list[str]:
        """Return the faces that were erased while they were written, also with their job."""
        erased = self._collections.erased(collection)
        jobs = {face.job_id for face in faces if face.job_id is not None}
        gone = {job_id for job_id in jobs if self._is_gone(job_id)}
        return [
            face.face_id
            for face in faces
            if face.job_id in gone or erased.covers_face(face.face_id)
        ]

    def _is_gone(self, job_id: str) -> bool:
        result = self._results.read(job_id)
        return result is None or (
            isinstance(result, JobFailed) and result.error.code == Erased.code
        )
