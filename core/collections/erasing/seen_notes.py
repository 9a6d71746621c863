"""What is noted with photos that wait for an answer, asked of S3 once for each.

Every erasure looks through all of them, and so does every question for someone who is not
there. What was noted never changes; it is remembered as long as the photo waits.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from core.errors import ObjectMissing
from core.ports import ObjectNotes, ObjectStore

MOST: Final = 50_000
"""Photos that are remembered; the others are asked for each time."""


class SeenNotes:
    """The notes of an input bucket's photos; for many threads."""

    def __init__(self, inputs: ObjectStore) -> None:
        self._inputs = inputs
        self._known: dict[str, ObjectNotes] = {}

    def of(self, keys: Iterable[str], *, threads: int) -> dict[str, ObjectNotes]:
        """Return the notes of all photos that wait, and remember no others."""
        with ThreadPoolExecutor(max_workers=threads) as asking:
            found = asking.map(lambda key: (key, self._read(key)), keys)
            noted = {key: notes for key, notes in found if notes is not None}
        self._known = dict(list(noted.items())[:MOST])
        return noted

    def _read(self, key: str) -> ObjectNotes | None:
        known = self._known.get(key)
        if known is not None:
            return known
        try:
            return self._inputs.notes(key)
        except ObjectMissing:  # answered or erased just now
            return None
