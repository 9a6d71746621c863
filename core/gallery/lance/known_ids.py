"""Which faces a table has, as far as a writer must know before it appends a row."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.gallery.lance.journal import Entries
from core.gallery.lance.newest_table import select
from core.gallery.lance.storage import lance_errors

if TYPE_CHECKING:
    from lancedb.table import Table


class KnownIds:
    """Hashes of the ids of all faces of a table, 8 bytes a face.

    What is not among them is not in the table. What is may have been erased since.
    """

    def __init__(self, gallery_id: str) -> None:
        self._gallery_id = gallery_id
        self._hashes = np.empty(0, dtype=np.uint64)
        self._lock = threading.Lock()
        self._epoch = -1
        self._table_version = -1
        self._fragments = -1

    @property
    def is_loaded(self) -> bool:
        return self._epoch >= 0

    def follow(self, table: "Table", entries: Entries) -> None:
        """Know the faces of a table that is at least as new as these entries of the journal.

        Reads what was added to the table since the last time.
        """
        with self._lock, lance_errors(self._gallery_id):
            if table.version > self._table_version:
                condition = f"_rowid >= {(self._fragments + 1) << 32}"
                added = select(table, condition, ["face_id"], with_row_id=True)
                if len(added):
                    self._add(hashed(added["face_id"]))
                    self._fragments = int(added["_rowid"].to_numpy().max()) >> 32
                self._table_version = table.version
            self._epoch = max(self._epoch, entries.epoch)

    def learn(self, entries: Entries) -> bool:
        """Learn from a journal what was folded; tell whether that is all that the table has."""
        with self._lock:
            for fold in entries.folds:
                if fold.epoch == self._epoch + 1:
                    self._add(np.frombuffer(fold.hashes, dtype=np.uint64))
                    self._epoch = fold.epoch
            return self._epoch >= entries.epoch

    def may_have(self, face_ids: pa.ChunkedArray | Sequence[str]) -> NDArray[np.bool_]:
        """Tell which faces may be in the table; the others are not."""
        return self._has(hashed(face_ids))

    def _add(self, hashes: NDArray[np.uint64]) -> None:
        unique = np.unique(hashes)
        new = unique[~self._has(unique)]
        self._hashes = np.insert(self._hashes, np.searchsorted(self._hashes, new), new)

    def _has(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        known = self._hashes
        if not len(known):
            return np.zeros(len(hashes), dtype=np.bool_)
        places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        found: NDArray[np.bool_] = known[places] == hashes
        return found


def hashed(face_ids: pa.ChunkedArray | Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each id, which is the text of a UUID."""
    texts = face_ids.to_pylist() if isinstance(face_ids, pa.ChunkedArray) else face_ids
    halves = np.frombuffer(bytes.fromhex("".join(texts).replace("-", "")), dtype=np.uint64)
    return halves[::2] ^ halves[1::2]
