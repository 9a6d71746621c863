"""Embeddings in memory: compared all exactly, or only those that sketches point to."""

import math
from typing import Any, Final, Protocol, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from core.gallery.replica.rows import Vectors

Slots: TypeAlias = NDArray[np.int64]
"""Numbers under which faces are kept."""
Found: TypeAlias = tuple[NDArray[np.float32], Slots]
"""Squared distances and slots, of shape (N, limit); what is not there has slot -1."""

_FAR: Final = 1e15
"""Coordinate of an empty slot: no face lies there."""
_BEYOND: Final = 1e30
_TRAINING_VECTORS: Final = 40_000
_CANDIDATES: Final = 100
_CANDIDATES_A_FACE: Final = 10
"""Best sketches whose vectors are compared, and further ones per face that is asked for."""
_BATCH: Final = 32_768


class ReplicaVectors(Protocol):
    """Embeddings by slot. Not safe for threads."""

    def put(self, slots: Slots, vectors: Vectors) -> None:
        """Keep vectors in empty slots."""
        ...

    def remove(self, slots: Slots) -> None: ...

    def at(self, slots: Slots) -> Vectors:
        """Return the vectors of slots, of one more dimension; far away where none is."""
        ...

    def search(self, probes: Vectors, limit: int) -> Found:
        """Return the nearest vectors."""
        ...

    def near(self, probes: Vectors, count: int) -> Found:
        """Return so many near vectors, nearest first; the farther ones need not be the nearest."""
        ...


class ExactVectors:
    """Compares a probe with every vector."""

    def __init__(self, length: int) -> None:
        self.matrix: Vectors = np.full((0, length), _FAR, dtype=np.float32)

    def reserve(self, slots: int) -> None:
        """Make room for that many slots, with one copy instead of many."""
        missing = slots - len(self.matrix)
        if missing > 0:
            more = np.full((missing, self.matrix.shape[1]), _FAR, dtype=np.float32)
            self.matrix = np.concatenate([self.matrix, more]) if len(self.matrix) else more

    def put(self, slots: Slots, vectors: Vectors) -> None:
        self.reserve(_room(len(self.matrix), slots))
        self.matrix[slots] = vectors

    def remove(self, slots: Slots) -> None:
        self.matrix[slots[slots < len(self.matrix)]] = _FAR

    def at(self, slots: Slots) -> Vectors:
        """Return the vectors of slots, of one more dimension; far away where none is."""
        vectors: Vectors = self.matrix[slots]
        return vectors

    def search(self, probes: Vectors, limit: int) -> Found:
        # Only here, and below: who reads a gallery without a search need not wait for it.
        import faiss

        faiss.omp_set_num_threads(1)
        if not len(self.matrix):
            return _nothing(len(probes))
        squared, slots = faiss.knn(probes, self.matrix, limit)
        slots[squared > _BEYOND] = -1
        return squared, slots

    def near(self, probes: Vectors, count: int) -> Found:
        return self.search(probes, count)


class ScalarQuantizedVectors:
    """Vectors by slot, eight bits per number."""

    def __init__(self, sample: Vectors) -> None:
        self._lowest = sample.min(axis=0)
        self._step = np.maximum((sample.max(axis=0) - self._lowest) / 255, 1e-12)
        self._numbers = np.zeros((0, sample.shape[1]), dtype=np.uint8)
        self._taken = np.zeros(0, dtype=np.bool_)

    def reserve(self, slots: int) -> None:
        missing = slots - len(self._taken)
        if missing > 0:
            more = np.zeros((missing, self._numbers.shape[1]), dtype=np.uint8)
            self._numbers = np.concatenate([self._numbers, more])
            self._taken = np.append(self._taken, np.zeros(missing, dtype=np.bool_))

    def put(self, slots: Slots, vectors: Vectors) -> None:
        self.reserve(_room(len(self._taken), slots))
        self._numbers[slots] = np.rint((vectors - self._lowest) / self._step).clip(0, 255)
        self._taken[slots] = True

    def remove(self, slots: Slots) -> None:
        there = slots[slots < len(self._taken)]
        self._numbers[there] = 0
        self._taken[there] = False

    def at(self, slots: Slots) -> Vectors:
        """Return the vectors of slots, of one more dimension; far away where none is."""
        vectors: Vectors = self._numbers[slots] * self._step + self._lowest
        vectors[~self._taken[slots]] = _FAR
        return vectors


class PcaRotation:
    """Rotates vectors onto their principal axes, so that distances stay.

    The axes are dealt to ``parts`` of equal size whose variances are alike.
    """

    def __init__(self, sample: Vectors, *, parts: int) -> None:
        self._mean = sample.mean(axis=0)
        _, axes = np.linalg.eigh(np.cov(sample - self._mean, rowvar=False))
        rounds = np.arange(sample.shape[1]).reshape(-1, parts)
        rounds[1::2] = rounds[1::2, ::-1]
        self._rotation = axes[:, rounds.T.ravel()].astype(np.float32)

    def apply(self, vectors: Vectors) -> Vectors:
        rotated: Vectors = np.ascontiguousarray((vectors - self._mean) @ self._rotation)
        return rotated


class PqIndex:
    """The sketch of each vector by slot: four bits for four numbers, compared fast and roughly.

    The vectors that it is given are rotated already.

    References
    ----------
    H. Jegou et al., Product quantization for nearest neighbor search, 2011; F. Andre
    et al., Cache locality is not enough: high-performance nearest neighbor search
    with product quantization fast scan, 2015.
    """

    def __init__(self, sample: Vectors, *, parts: int) -> None:
        import faiss

        length = sample.shape[1]
        self._index = cast(Any, faiss.IndexPQFastScan(length, parts, 4))
        self._index.train(sample)
        centres = faiss.vector_to_array(self._index.pq.centroids).reshape(parts, 16, -1)
        farthest = np.square(centres).sum(axis=2).argmax(axis=1)
        self._far = centres[np.arange(parts), farthest].reshape(1, length)
        self._packer = self._index.get_CodePacker()

    def extend(self, vectors: Vectors, taken: NDArray[np.bool_]) -> None:
        """Sketch vectors for the next slots, of which some are empty."""
        self._index.add(np.where(taken[:, np.newaxis], vectors, self._far))

    def put(self, slots: Slots, vectors: Vectors) -> None:
        missing = int(slots.max(initial=-1)) + 1 - self._index.ntotal
        if missing > 0:
            self._index.add(np.repeat(self._far, missing, axis=0))
        self._write(slots, self._index.pq.compute_codes(vectors))

    def remove(self, slots: Slots) -> None:
        there = slots[slots < self._index.ntotal]
        code = self._index.pq.compute_codes(self._far)
        self._write(there, np.repeat(code, len(there), axis=0))

    def nearest(self, probes: Vectors, count: int) -> Slots:
        """Return the slots of the roughly nearest vectors, (N, count); -1 where none is left."""
        slots: Slots = self._index.search(probes, count)[1]
        return slots

    def _write(self, slots: Slots, codes: NDArray[np.uint8]) -> None:
        import faiss

        data = self._index.codes.data()
        for slot, code in zip(slots.tolist(), codes, strict=True):
            self._packer.pack_1_c(faiss.swig_ptr(code), slot, data)


class IndexedVectors:
    """Compares a probe with the vectors whose sketches are like its own.

    ``compressed`` keeps the vectors rounded, in a quarter of the memory.
    """

    def __init__(
        self,
        rotation: PcaRotation,
        sketches: PqIndex,
        vectors: ExactVectors | ScalarQuantizedVectors,
    ) -> None:
        self._rotation = rotation
        self._sketches = sketches
        self._vectors = vectors

    @classmethod
    def built_of(cls, exact: ExactVectors, slots: Slots, *, compressed: bool) -> Self:
        """Sketch exact vectors, of which ``slots`` are taken; takes seconds, on one core.

        Unless it is compressed, it goes on with the exact vectors as its own.
        """
        import faiss

        faiss.omp_set_num_threads(1)
        matrix, end = exact.matrix, int(slots.max()) + 1
        sample = matrix[slots[:: len(slots) // _TRAINING_VECTORS + 1]]
        sample = sample[sample[:, 0] < _FAR]  # some may have been removed since
        parts = matrix.shape[1] // math.gcd(matrix.shape[1], 4)
        rotation = PcaRotation(sample, parts=parts)
        rounded = ScalarQuantizedVectors(sample) if compressed else None
        built = cls(rotation, PqIndex(rotation.apply(sample), parts=parts), rounded or exact)
        taken = np.zeros(end, dtype=np.bool_)
        taken[slots] = True
        if rounded is not None:
            rounded.reserve(len(matrix))
        for start in range(0, end, _BATCH):
            part = slice(start, min(start + _BATCH, end))
            built._sketches.extend(rotation.apply(matrix[part]), taken[part])
            if rounded is not None:
                rounded.put(start + np.flatnonzero(taken[part]), matrix[part][taken[part]])
        return built

    def put(self, slots: Slots, vectors: Vectors) -> None:
        self._sketches.put(slots, self._rotation.apply(vectors))
        self._vectors.put(slots, vectors)

    def remove(self, slots: Slots) -> None:
        self._vectors.remove(slots)
        self._sketches.remove(slots)

    def at(self, slots: Slots) -> Vectors:
        return self._vectors.at(slots)

    def search(self, probes: Vectors, limit: int) -> Found:
        squared, slots = self.near(probes, _CANDIDATES + _CANDIDATES_A_FACE * limit)
        return squared[:, :limit], slots[:, :limit]

    def near(self, probes: Vectors, count: int) -> Found:
        import faiss

        faiss.omp_set_num_threads(1)
        candidates = self._sketches.nearest(self._rotation.apply(probes), count)
        differences = self._vectors.at(candidates) - probes[:, np.newaxis]
        squared = np.einsum("ncd,ncd->nc", differences, differences)
        squared[candidates < 0] = np.inf
        nearest = np.argsort(squared, axis=1)
        squared = np.take_along_axis(squared, nearest, axis=1)
        slots = np.take_along_axis(candidates, nearest, axis=1)
        slots[squared > _BEYOND] = -1
        return squared, slots


def _room(now: int, slots: Slots) -> int:
    """Return how many slots there shall be to put these; little more than needed."""
    needed = int(slots.max(initial=-1)) + 1
    return max(needed, now * 33 // 32) if needed > now else now


def _nothing(probes: int) -> Found:
    return np.empty((probes, 0), dtype=np.float32), np.empty((probes, 0), dtype=np.int64)
