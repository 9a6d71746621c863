"""The same photo again: its earlier answer, while nothing in the collection has changed.

Kept is which job had the photo, by a hash of the photo and of all that its answer depends on, and
not the answer itself. That is read from S3 under the job's id, where erasing a person removes it.
So nobody who was erased is in this memory, and the answer's job can be asked for as always.

Every change of a collection gives it another version. Workers may learn of a change a little
later than this process. So nothing is kept until a version is old enough to be known to all.
"""

import hashlib
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from cachetools import LRUCache

from core.collections.collection import Collection
from core.collections.registry import Collections
from core.host.metrics import metrics
from core.submission.job_notes import JobNotes

_MOST_GALLERIES: Final = 10_000


class Repeats:
    """The jobs of photos that were accepted lately; for many threads.

    Parameters
    ----------
    collections : Collections
        Tell the version of each.
    tenant : str
    depends_on : str
        What else answers depend on, such as the face engine.
    jobs : JobNotes
        Where it is noted which job had a photo.
    settle_s : float
        Age of a version that every process knows.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        collections: Collections,
        *,
        tenant: str,
        depends_on: str,
        jobs: JobNotes,
        settle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collections = collections
        self._depends_on = f"{tenant}\0{depends_on}"
        self._settle_s = settle_s
        self._clock = clock
        self._jobs = jobs
        self._seen_s: LRUCache[tuple[str, str], float] = LRUCache(_MOST_GALLERIES)
        self._lock = Lock()

    def key(self, photo: bytes, collection: Collection, min_quality: float | None) -> str | None:
        """Return what stands for a photo and all that its answer depends on; None if in flux.

        Raises
        ------
        StorageUnavailable
            If the collection's version can't be looked up.
        """
        version = self._settled_version(collection)
        if version is None:
            return None
        asked = f"{self._depends_on}\0{version}\0{min_quality}\0{collection.model_dump_json()}\0"
        return hashlib.sha256(asked.encode() + hashlib.sha256(photo).digest()).hexdigest()

    def job(self, key: str) -> str | None:
        """Return the job that was noted under a key."""
        job_id = self._jobs.get(key)
        metrics().repeats.labels("miss" if job_id is None else "hit").inc()
        return job_id

    def note(self, key: str, job_id: str) -> None:
        """Note the job of a photo."""
        self._jobs.put(key, job_id)

    def _settled_version(self, collection: Collection) -> str | None:
        version = self._collections.version(collection)
        if version is None:
            return None
        now_s = self._clock()
        with self._lock:
            seen_s = self._seen_s.setdefault((collection.gallery_id, version), now_s)
        return version if now_s - seen_s >= self._settle_s else None
