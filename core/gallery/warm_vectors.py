"""Embeddings in memory, found by FAISS: exactly, or by an index of clusters."""

import math
from typing import Final, Protocol, Self, TypeAlias

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
_PROBED_CLUSTERS: Final = 64
_SLACK: Final = 1.04
"""Room in each cluster, so that the first additions do not double its memory."""
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
            self.reserve(max(needed, len(self.matrix) * 9 // 8))
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


class IndexedVectors:
    """Compares a probe with those of the nearest clusters only (inverted file).

    ``compressed`` keeps eight bits a number instead of thirty-two.
    """

    def __init__(self, length: int, *, clusters: int, compressed: bool) -> None:
        self._centres = faiss.IndexFlatL2(length)
        self._index: faiss.IndexIVF = (
            faiss.IndexIVFScalarQuantizer(
                self._centres, length, clusters, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_L2
            )
            if compressed
            else faiss.IndexIVFFlat(self._centres, length, clusters, faiss.METRIC_L2)
        )
        self._index.nprobe = min(_PROBED_CLUSTERS, clusters)

    @classmethod
    def built_of(cls, matrix: Vectors, slots: Slots, *, compressed: bool) -> Self:
        """Cluster the rows ``slots`` of a matrix; takes seconds, on all cores."""
        clusters = max(1, round(4 * math.sqrt(len(slots))))
        sample = len(slots) // (_TRAINING_VECTORS_A_CLUSTER * clusters) + 1
        built = cls(matrix.shape[1], clusters=clusters, compressed=compressed)
        built._index.cp.niter = 8
        built._index.train(np.ascontiguousarray(matrix[slots[::sample]]))
        parts = np.array_split(slots, len(slots) // _BATCH + 1)
        nearest = [built._centres.search(matrix[part], 1)[1][:, 0] for part in parts]
        built._make_room(np.bincount(np.concatenate(nearest), minlength=clusters))
        for part, clusters_of_part in zip(parts, nearest, strict=True):
            built._add(part, matrix[part], clusters_of_part)
        return built

    def put(self, slots: Slots, vectors: Vectors) -> None:
        self._index.add_with_ids(np.ascontiguousarray(vectors), slots)

    def remove(self, slots: Slots) -> None:
        if len(slots):
            self._index.remove_ids(faiss.IDSelectorBatch(slots))

    def search(self, probes: Vectors, limit: int) -> Found:
        faiss.omp_set_num_threads(1)
        squared, slots = self._index.search(probes, limit)
        return squared, slots

    def _make_room(self, sizes: NDArray[np.int64]) -> None:
        """Reserve the clusters' memory exactly; growing vector by vector would waste half."""
        lists = self._index.invlists
        assert lists is not None  # noqa: S101 - an index of clusters has them
        for cluster, size in enumerate(sizes.tolist()):
            lists.resize(cluster, int(size * _SLACK) + 1)
            lists.resize(cluster, 0)

    def _add(self, slots: Slots, vectors: Vectors, clusters: NDArray[np.int64]) -> None:
        self._index.add_core(
            len(slots),
            faiss.swig_ptr(np.ascontiguousarray(vectors)),
            faiss.swig_ptr(np.ascontiguousarray(slots)),
            faiss.swig_ptr(np.ascontiguousarray(clusters)),
        )


def _nothing(probes: int) -> Found:
    return np.empty((probes, 0), dtype=np.float32), np.empty((probes, 0), dtype=np.int64)
