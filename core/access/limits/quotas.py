"""How many faces and collections a tenant may have."""

import threading
import time
from collections.abc import Callable
from typing import Final

from core.errors import QuotaExceeded

FRESH_S: Final = 5.0
"""How long a count of faces is good for ..."""
_SHARE: Final = 20
"""... or this many times as long as counting took, where that is longer."""


class Quotas:
    """The quotas of one tenant, as this process counts; for many threads.

    Faces that other processes add or erase are known some seconds later. So there may be more
    than the quota, by as many as all of them add in that time.

    Parameters
    ----------
    count_faces : callable
        Returns how many the tenant has.
    count_collections : callable
        Returns the same, or the number that it is given if there are more.
    max_faces, max_collections : int
        0 for no limit.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        *,
        count_faces: Callable[[], int],
        count_collections: Callable[[int], int],
        max_faces: int,
        max_collections: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count_faces = count_faces
        self._count_collections = count_collections
        self._max_faces = max_faces
        self._max_collections = max_collections
        self._clock = clock
        self._lock = threading.Lock()
        self._faces = 0
        self._due_s = clock()

    def check_collections(self) -> None:
        """Raise ``QuotaExceeded`` unless the tenant may have one more collection."""
        most = self._max_collections
        if most and self._count_collections(most) >= most:
            raise QuotaExceeded(f"{most} collections are the most: erase one first")

    def check_faces(self) -> None:
        """Raise ``QuotaExceeded`` unless the tenant may have one more face."""
        if self.free_faces() == 0:
            raise QuotaExceeded(f"{self._max_faces} enrolled faces are the most: erase some first")

    def free_faces(self) -> int | None:
        """Return how many more faces the tenant may have, None for any number."""
        if not self._max_faces:
            return None
        with self._lock:
            if self._clock() >= self._due_s:
                begun_s = self._clock()
                self._faces = self._count_faces()
                took_s = self._clock() - begun_s
                self._due_s = self._clock() + max(FRESH_S, _SHARE * took_s)
            return max(0, self._max_faces - self._faces)

    def note_added(self, faces: int) -> None:
        """Count faces that this process has added."""
        with self._lock:
            self._faces += faces
