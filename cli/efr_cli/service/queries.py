"""What commands ask the service, and what answers them many times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.collections.matches import By, Matched

MATCHES: Final = 10
"""People or faces that are shown for a face."""


@dataclass(frozen=True, kw_only=True)
class MatchQuery:
    """Whom to look for on photos, as ``POST /faces/match`` takes it."""

    collection_id: str
    threshold: float | None
    all_faces: bool
    min_quality: float | None
    by: By
    metadata: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """Searches for the faces of photos; so many threads may ask at once."""

    match: Callable[[bytes], Matched]
    threads: int
