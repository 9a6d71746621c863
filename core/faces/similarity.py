"""Distance between embeddings to a similarity that people can read."""

from typing import Final

SIMILARITY_AT_THRESHOLD: Final = 80.0


def similarity(distance: float, *, threshold_distance: float) -> float:
    """Map a distance to 0–100, falling, with 80 at the threshold.

    Two straight lines: 100 at distance 0, 80 at the threshold, 0 at three
    times the threshold and beyond.

    Parameters
    ----------
    distance : float
        Euclidean distance between two embeddings, 0 or more.
    threshold_distance : float
        Largest distance at which two faces count as one person.
    """
    relative = distance / threshold_distance
    if relative <= 1:
        return 100.0 - (100.0 - SIMILARITY_AT_THRESHOLD) * relative
    return max(0.0, SIMILARITY_AT_THRESHOLD * (3 - relative) / 2)
