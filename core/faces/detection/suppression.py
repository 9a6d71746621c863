"""Non-maximum suppression: one box a face, the one with the highest score."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROUNDING: Final = 0.01


def keep_best(
    boxes: NDArray[np.float64], scores: NDArray[np.float64], *, max_iou: float
) -> NDArray[np.intp]:
    """Return the indices of the boxes that no better box overlaps, best first.

    Parameters
    ----------
    boxes : ndarray of float64, shape (N, 4)
        Left, top, right, bottom, in pixels; right and bottom lie just outside.
    scores : ndarray of float64, shape (N,)
        Of two equal scores the one that comes first wins.
    max_iou : float
        Boxes that share more than this part of their union show one face.

    Returns
    -------
    ndarray of intp, shape (K,)
    """
    middles = (boxes[:, 0] + boxes[:, 2]) / 2
    across = np.argsort(middles, kind="stable")
    ordered, places = boxes[across], np.argsort(across, kind="stable")
    # A box whose middle lies farther off shares too little: thousands need no look at each other.
    reach = (boxes[:, 2] - boxes[:, 0]) * (_ROUNDING + (1 - max_iou) / (2 * max_iou))
    starts = np.searchsorted(middles[across], middles - reach, side="left")
    ends = np.searchsorted(middles[across], middles + reach, side="right")
    is_left = np.ones(len(boxes), dtype=bool)
    kept: list[int] = []
    for best in np.argsort(-scores, kind="stable"):
        if is_left[places[best]]:
            kept.append(int(best))
            near = slice(starts[best], ends[best])
            is_left[near] &= intersection_over_union(boxes[best], ordered[near]) <= max_iou
    return np.array(kept, dtype=np.intp)


def intersection_over_union(
    box: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much of their union a box shares with each of others, 0–1.

    Parameters
    ----------
    box : ndarray of float64, shape (4,)
        Left, top, right, bottom.
    others : ndarray of float64, shape (N, 4)

    Returns
    -------
    ndarray of float64, shape (N,)
    """
    left, top, right, bottom = others.T
    across = np.minimum(box[2], right) - np.maximum(box[0], left)
    down = np.minimum(box[3], bottom) - np.maximum(box[1], top)
    shared = np.maximum(across, 0.0) * np.maximum(down, 0.0)
    total = (box[2] - box[0]) * (box[3] - box[1]) + (right - left) * (bottom - top) - shared
    ratio: NDArray[np.float64] = np.divide(
        shared, total, out=np.zeros_like(shared), where=total > 0
    )
    return ratio
