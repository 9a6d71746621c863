"""Non-maximum suppression: one box a face, the one with the highest score."""

import numpy as np
from numpy.typing import NDArray


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
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[intersection_over_union(boxes[best], boxes[rest]) <= max_iou]
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
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    total = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    ratio: NDArray[np.float64] = np.divide(
        shared, total, out=np.zeros_like(shared), where=total > 0
    )
    return ratio
