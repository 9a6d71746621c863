"""Embeddings in memory, found by FAISS: exactly, or by an index of clusters."""

import math
from typing import Any, Final, Protocol, Self, TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from core.gallery.warm_rows import Vectors

Slots: TypeAlias = NDArray[np.int64]
"""Numbers under which faces are kept."""
Found: TypeAlias = tuple[NDArray[np.float32], Slots]
"""Squared distances and slots, of shape (N, limit); what is not there has slot -1."""

_FAR: Final = 1e15
"""Coordinate of an empty slot: no face lies there."""
_BEYOND: Final = 1e30
_TRAINING_VECTORS_A_CLUSTER: Final = 40
_PROBED_SHARE: Final = 0.25
"""Of the clusters: one probe in a thousand has its nearest face in a far one."""
_CANDIDATES: Final = 100
"""Compared exactly, and four more for each face that is asked for."""
_BATCH: Final = 32_768


class WarmVectors(Protocol):
    """Embeddings by slot. Not safe for threads."""

    def put(self, slots: Slots, vectors: Vectors) -> None:
        """Keep vectors in empty slots."""
        ...

    def remove(self, slots: Slots) -> None: ...

    def search(self, probes: Vectors, limit: int) -> Found: ...


class ExactVectors:
    """Compares a probe with all."""

    def __init__(self, length: int) -> None:
        self.matrix: Vectors = np.full((0, length), _FAR, dtype=np.float32)

    def reserve(self, slots: int) -> None:
        """Make room for that many slots, with one copy instead of many."""
        missing = slots - len(self.matrix)
        if missing > 0:
            more = np.full((missing, self.matrix.shape[1]), _FAR, dtype=np.float32)
            self.matrix = np.concatenate([self.matrix, more]) if len(self.matrix) else more

    def put(self, slots: Slots, vectors: Vectors) -> None:
        needed = int(slots.max(initial=-1)) + 1
        if needed > len(self.matrix):
            self.reserve(max(needed, len(self.matrix) * 33 // 32))
        self.matrix[slots] = vectors

    def remove(self, slots: Slots) -> None:
        self.matrix[slots] = _FAR

    def search(self, probes: Vectors, limit: int) -> Found:
        faiss.omp_set_num_threads(1)
        if not len(self.matrix):
            return _nothing(len(probes))
        squared, slots = faiss.knn(probes, self.matrix, limit)
        slots[squared > _BEYOND] = -1
        return squared, slots

    def nearest_of(self, candidates: Slots, probes: Vectors, limit: int) -> Found:
        """Search among some slots a probe, of shape (N, C); -1 is none."""
        differences = self.matrix[candidates] - probes[:, np.newaxis]
        squared = np.einsum("ncd,ncd->nc", differences, differences)
        squared[candidates < 0] = np.inf
        nearest = np.argsort(squared, axis=1)[:, :limit]
        squared = np.take_along_axis(squared, nearest, axis=1)
        slots = np.take_along_axis(candidates, nearest, axis=1)
        slots[squared > _BEYOND] = -1
        return squared, slots


class IndexedVectors:
    """Compares a probe with those of the nearest clusters only (inverted file).

    The clusters hold sketches of four bits for two numbers, which tell whom to
    compare exactly. ``compressed`` keeps no more than eight bits a number, and
    compares those.
    """

    def __init__(self, exact: ExactVectors, *, clusters: int, compressed: bool) -> None:
        length = exact.matrix.shape[1]
        self._exact = None if compressed else exact
        sketched = length // 2 if length % 2 == 0 else length
        centres = faiss.IndexFlatL2(length)
        self._index: Any = (
            faiss.IndexIVFScalarQuantizer(
                centres, length, clusters, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_L2
            )
            if compressed
            else faiss.IndexIVFPQFastScan(centres, length, clusters, sketched, 4)
        )
        self._index.by_residual = compressed
        self._index.nprobe = math.ceil(clusters * _PROBED_SHARE)

    @classmethod
    def built_of(cls, exact: ExactVectors, slots: Slots, *, compressed: bool) -> Self:
        """Cluster the rows ``slots`` of exact vectors; takes seconds, on all cores.

        Unless it is compressed, it goes on with the exact vectors as its own.
        """
        clusters = max(1, round(math.sqrt(len(slots))))
        sample = max(1, len(slots) // (_TRAINING_VECTORS_A_CLUSTER * clusters))
        built = cls(exact, clusters=clusters, compressed=compressed)
        built._index.cp.niter = 8
        built._index.train(np.ascontiguousarray(exact.matrix[slots[::sample]]))
        for part in np.array_split(slots, len(slots) // _BATCH + 1):
            built._index.add_with_ids(np.ascontiguousarray(exact.matrix[part]), part)
        built._index = faiss.clone_index(built._index)  # without the room left by growing
        return built

    def put(self, slots: Slots, vectors: Vectors) -> None:
        if self._exact is not None:
            self._exact.put(slots, vectors)
        self._index.add_with_ids(np.ascontiguousarray(vectors), slots)

    def remove(self, slots: Slots) -> None:
        if not len(slots):
            return
        if self._exact is None:
            self._index.remove_ids(faiss.IDSelectorBatch(slots))
            return
        self._exact.remove(slots)
        sizes = self._sizes()
        self._index.remove_ids(faiss.IDSelectorBatch(slots))
        for cluster in np.flatnonzero(self._sizes() != sizes).tolist():
            self._clear_end(cluster)

    def search(self, probes: Vectors, limit: int) -> Found:
        faiss.omp_set_num_threads(1)
        if self._exact is None:
            squared, slots = self._index.search(probes, limit)
            return squared, slots
        _, candidates = self._index.search(probes, _CANDIDATES + 4 * limit)
        return self._exact.nearest_of(candidates, probes, limit)

    def _sizes(self) -> NDArray[np.int64]:
        lists = self._lists()
        return np.array([lists.list_size(cluster) for cluster in range(lists.nlist)])

    def _clear_end(self, cluster: int) -> None:
        """Clear what removed sketches left in the last block of a cluster.

        FAISS 1.15 leaves it there, and mixes it into the next that are added.
        """
        lists = self._lists()
        size, block = lists.list_size(cluster), lists.n_per_block
        nothing = np.zeros(lists.packer.code_size, dtype=np.uint8)
        for place in range(size, math.ceil(size / block) * block):
            lists.packer.pack_1_c(faiss.swig_ptr(nothing), place, lists.get_codes(cluster))

    def _lists(self) -> Any:
        return faiss.downcast_InvertedLists(self._index.invlists)


def _nothing(probes: int) -> Found:
    return np.empty((probes, 0), dtype=np.float32), np.empty((probes, 0), dtype=np.int64)
