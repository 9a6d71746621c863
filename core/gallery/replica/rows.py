"""What a replica reads of a stored gallery."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_T = TypeVar("_T")

Addresses: TypeAlias = NDArray[np.uint64]
"""Where rows lie: an address is never used twice, and what lies there never changes."""
Vectors: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ReplicaRows:
    """Columns of N rows.

    ``face_ids`` is uint8 of shape (N, 16), ``embeddings`` float32 of shape
    (N, D). ``persons`` has one entry a person, which ``person_of`` points to;
    -1 is nobody. ``rejected`` has entries for the rows that have any.
    """

    addresses: Addresses
    written: NDArray[np.int64]
    face_ids: NDArray[np.uint8]
    persons: list[str]
    person_of: NDArray[np.int32]
    rejected: dict[int, frozenset[str]]
    embeddings: Vectors

    def __len__(self) -> int:
        return len(self.addresses)

    @classmethod
    def from_batch(cls, batch: pa.RecordBatch) -> Self:
        """Read the columns of the same names, and ``_rowid``."""
        persons = batch["person"].dictionary_encode()
        rejected, embeddings = batch["rejected"], batch["embedding"]
        with_rejected = np.flatnonzero(
            pc.list_value_length(rejected).to_numpy(zero_copy_only=False)
        )
        hexadecimal = "".join(batch["face_id"].to_pylist()).replace("-", "")
        return cls(
            addresses=batch["_rowid"].to_numpy(),
            written=batch["written"].to_numpy(),
            face_ids=np.frombuffer(bytes.fromhex(hexadecimal), dtype=np.uint8).reshape(-1, 16),
            persons=persons.dictionary.to_pylist(),
            person_of=persons.indices.fill_null(-1).to_numpy(),
            rejected={int(row): frozenset(rejected[int(row)].as_py()) for row in with_rejected},
            embeddings=embeddings.flatten().to_numpy().reshape(-1, embeddings.type.list_size),
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Addresses of the rows that a version has, and its predecessor has not; and vice versa."""

    fresh: Addresses
    gone: Addresses


class WholeGallery(Protocol):
    """What a reader compares with what it has, when no one can tell it the difference."""

    @property
    def length(self) -> int:
        """Length of the embeddings."""
        ...

    def addresses(self) -> Addresses:
        """Return the address of every row."""
        ...

    def written(self, addresses: Addresses) -> NDArray[np.int64]:
        """Return which write stored each of these rows; moving a row does not change it."""
        ...


class Snapshot(Protocol):
    """One version of a stored gallery. Versions that are equal hold the same."""

    @property
    def version(self) -> Any: ...

    @property
    def change(self) -> Difference | WholeGallery:
        """What differs from the version that the reader knows, or all that there is."""
        ...

    def rows(self, addresses: Addresses) -> Iterator[ReplicaRows]:
        """Return these rows, in batches and in any order."""
        ...


class StoredGallery(Protocol):
    """A gallery that other processes change. May raise as `FaceIndex` says."""

    def read(self, action: Callable[[Snapshot], _T], since: Any = None) -> _T:
        """Run an action on the newest version; again if that vanishes meanwhile.

        ``since`` is the version that the reader knows.
        """
        ...
