"""A face index that is made when it is first used.

LanceDB takes a second to import, and a list of collections or keys has no use for it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Any, cast

from core.bootstrap.infrastructure import Infrastructure
from core.ports import FaceIndex


class _LateIndex:
    """Passes all on to the index; closes it only if it was made."""

    def __init__(self, make: Callable[[], FaceIndex]) -> None:
        self._make = make
        self._made: FaceIndex | None = None
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def with_late_index(infrastructure: Infrastructure) -> Infrastructure:
    """Return an infrastructure whose face index is made when it is first used."""
    make = infrastructure.index
    return replace(
        infrastructure,
        index=lambda watch, bucket: cast(FaceIndex, _LateIndex(partial(make, watch, bucket))),
    )
