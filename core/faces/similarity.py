"""Distance between embeddings to a similarity that people can read."""

from typing import Final

import numpy as np

SIMILARITY_AT_THRESHOLD: Final = 80.0

_RELATIVE_DISTANCES: Final = (0.0, 0.75, 0.82, 0.90, 1.0, 1.12, 1.25, 3.0)
_SIMILARITIES: Final = (100.0, 95.0, 90.0, 85.0, SIMILARITY_AT_THRESHOLD, 60.0, 40.0, 0.0)
"""Measured on 12 million pairs of two people's photos, see docs/accuracy.md: from 80 up,
five points mean ten times fewer such pairs; from 80 to 40 down, 20 points ten times more.
"""


def similarity(distance: float, *, threshold_distance: float) -> float:
    """Map a distance to 0–100, falling, with 80 at the threshold.

    Straight lines between measured points: 100 at distance 0, 95, 90 and 85 at
    75, 82 and 90 % of the threshold, 80 at the threshold, 60 and 40 at 112 and
    125 % of it, 0 at three times the threshold and beyond.

    Parameters
    ----------
    distance : float
        Euclidean distance between two embeddings, 0 or more.
    threshold_distance : float
        Largest distance at which two faces count as one person.
    """
    if distance == threshold_distance:  # 80 is a promise, and interpolation rounds
        return SIMILARITY_AT_THRESHOLD
    relative = distance / threshold_distance
    return float(np.interp(relative, _RELATIVE_DISTANCES, _SIMILARITIES))
