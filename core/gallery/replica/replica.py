"""A gallery in memory that follows the stored one."""

import logging
import threading
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelMismatch
from core.gallery.heap import give_back_freed
from core.gallery.replica.columns import ReplicaColumns
from core.gallery.replica.people import PeopleSearch
from core.gallery.replica.rows import Addresses, Difference, ReplicaRows, Snapshot, StoredGallery
from core.gallery.replica.vectors import ExactVectors, IndexedVectors, ReplicaVectors, Slots
from core.ports import FoundPeople, Match

_log = logging.getLogger(__name__)

State: TypeAlias = Literal["loading", "exact", "building", "index"]
_NO_SLOTS: Final[Slots] = np.empty(0, dtype=np.int64)
_OUTGROWN: Final = 2


class GalleryReplica:
    """Embeddings of one gallery, searched without a request to S3.

    Up to ``exact_max`` faces are searched exactly. Of more, an index is built
    in the background while exact search goes on to answer.

    Parameters
    ----------
    stored : StoredGallery
        What to follow.
    exact_max : int
        Faces up to which no index is made.
    compressed : bool
        Keep the embeddings of an index rounded, in a quarter of the memory.
    """

    def __init__(self, stored: StoredGallery, *, exact_max: int, compressed: bool) -> None:
        self._stored = stored
        self._exact_max = exact_max
        self._compressed = compressed
        self._columns = ReplicaColumns()
        self._people = PeopleSearch(self._columns)
        self._vectors: ReplicaVectors = ExactVectors(0)
        self._length = 0
        self._version: Any = None
        self._lock = threading.Lock()
        self._following = threading.Lock()
        self._builder: threading.Thread | None = None
        self._changed: list[Slots] | None = None
        self._indexed = 0

    @property
    def faces(self) -> int:
        return len(self._columns)

    @property
    def state(self) -> State:
        if self._version is None:
            return "loading"
        if isinstance(self._vectors, IndexedVectors):
            return "index"
        return "exact" if self._builder is None else "building"

    @property
    def outgrown(self) -> bool:
        """Whether the index was made for far fewer faces than there are."""
        return self._indexed > 0 and len(self._columns) > _OUTGROWN * self._indexed

    def follow(self) -> None:
        """Take over what changed in the stored gallery; costs as much as that.

        Raises
        ------
        ServiceUnavailable
            If it can't be read; what is here stays.
        CollectionNotFound
            If it is no longer there.
        """
        with self._following:
            self._stored.read(self._take_over, self._version)
            if self._builder is None and len(self._columns) > self._exact_max:
                give_back_freed()
                self._builder = threading.Thread(
                    target=self._build, name="gallery-index", daemon=True
                )
                self._builder.start()

    def search(self, probes: NDArray[np.float32], *, limit: int) -> list[list[Match]]:
        """Return the faces nearest to each probe, nearest first; see `FaceIndex.search`.

        Raises
        ------
        ModelMismatch
            If the probes are of another length than the gallery's embeddings.
        """
        probes = self._checked(probes)
        with self._lock:
            squared, slots = self._vectors.search(probes, limit)
            distances = np.sqrt(np.maximum(squared, 0)).tolist()
            return [
                [
                    self._columns.match(slot, distance)
                    for slot, distance in zip(row_slots, row_distances, strict=True)
                    if slot >= 0
                ]
                for row_slots, row_distances in zip(slots.tolist(), distances, strict=True)
            ]

    def search_people(self, probes: NDArray[np.float32], *, limit: int) -> list[FoundPeople]:
        """Return the people nearest to each probe; see `FaceIndex.search_people`.

        Raises
        ------
        ModelMismatch
            As in `search`.
        """
        probes = self._checked(probes)
        with self._lock:
            return self._people.search(self._vectors, probes, limit=limit)

    def _checked(self, probes: NDArray[np.float32]) -> NDArray[np.float32]:
        if probes.ndim != 2 or probes.shape[1] != self._length:
            raise ModelMismatch(
                f"the gallery holds embeddings of length {self._length}, "
                f"not the probes' {probes.shape}"
            )
        return np.ascontiguousarray(probes, dtype=np.float32)

    def _take_over(self, snapshot: Snapshot) -> None:
        if snapshot.version == self._version:
            return
        fresh, gone = self._differing(snapshot)
        batches = snapshot.rows(fresh) if len(fresh) else iter(())
        # What is gone goes with the last batch, so that no face is missing in between.
        last = next(batches, None)
        for rows in batches:
            self._replace(_NO_SLOTS, last)
            last = rows
        self._replace(gone, last)
        # Last, so that a version whose reading broke off is read again.
        self._version = snapshot.version

    def _differing(self, snapshot: Snapshot) -> tuple[Addresses, Slots]:
        """Return the addresses of the rows that are not here, and the slots of those too much."""
        change = snapshot.change
        if isinstance(change, Difference):
            return change.fresh, self._columns.slots_at(change.gone)
        addresses = change.addresses()
        if self._version is None:
            self._start(change.length, len(addresses))
        fresh, gone = self._columns.compare(addresses)
        if len(fresh) and len(gone):
            written = change.written(fresh)
            with self._lock:
                fresh, gone = self._columns.move(gone, fresh, written)
        return fresh, gone

    def _start(self, length: int, faces: int) -> None:
        vectors = ExactVectors(length)
        faces += faces // 256  # the first additions shall not move all others
        vectors.reserve(faces)
        with self._lock:
            self._length = length
            self._columns.reserve(faces)
            self._vectors = vectors

    def _replace(self, gone: Slots, rows: ReplicaRows | None) -> None:
        """Remove and add at once, so that a face that was stored again is found once."""
        with self._lock:
            self._people.forget(gone)
            self._columns.remove(gone)
            self._vectors.remove(gone)
            added = _NO_SLOTS
            if rows is not None:
                added = self._columns.put(rows)
                self._vectors.put(added, rows.embeddings)
                self._people.forget(added)
            if self._changed is not None:
                self._changed += [gone, added]

    def _build(self) -> None:
        exact = self._vectors
        assert isinstance(exact, ExactVectors)  # noqa: S101 - an index is built once
        with self._lock:
            slots = self._columns.slots()
            self._changed = []
        index = IndexedVectors.built_of(exact, slots, compressed=self._compressed)
        with self._lock:
            changed = np.unique(np.concatenate([_NO_SLOTS, *self._changed]))
            self._changed = None
            # The index was built beside searches and changes: these are made up for here.
            present = np.intersect1d(changed, self._columns.slots(), assume_unique=True)
            vectors = exact.matrix[present]
            index.remove(changed)
            index.put(present, vectors)
            self._vectors = index
            self._people.forget_all()  # the index may keep rounded vectors
            self._indexed = len(slots)
        _log.info("gallery index built", extra={"faces": len(slots)})
