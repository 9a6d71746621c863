"""What is said of photos that were not indexed, or in part only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from core.jobs.index_job import UnindexedFace


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A remark on a photo; ``used`` if some of its faces were indexed nevertheless."""

    key: str
    reason: str
    used: bool = False


def left_out(faces: Iterable[UnindexedFace]) -> str:
    """Say how many faces were left out, for which reasons."""
    reasons = Counter(_why(face) for face in faces)
    return ", ".join(f"{reason}: faces left out: {n}" for reason, n in reasons.items())


def _why(face: UnindexedFace) -> str:
    if face.reason != "LOW_QUALITY":
        return face.reason
    return " ".join([face.reason, *face.face.quality_reasons])
