"""Gives each face of a photo another person, since nobody is on a photo twice."""

import numpy as np
from numpy.typing import NDArray


def best_assignment(gains: NDArray[np.float64]) -> list[int | None]:
    """Return the person of each face so that the total gain is the largest possible.

    No person is given to two faces, and none to a face where that gains nothing.

    Parameters
    ----------
    gains : ndarray of float64, shape (F, P)
        What it gains to give a face to a person; 0 or less where that may not be.

    Returns
    -------
    list of int or None
        One place of a person, or None, per face.

    References
    ----------
    D. F. Crouse, On implementing 2D rectangular assignment algorithms, 2016.
    """
    faces, people = gains.shape
    # The further columns are nobody, once per face.
    costs = np.hstack([np.minimum(-gains, 0), np.zeros((faces, faces))])
    prices_of_faces, prices = np.zeros(faces), np.zeros(people + faces)
    holder = np.full(people + faces, -1)
    for face in range(faces):
        _add(face, costs, prices_of_faces, prices, holder)
    taken = {int(row): column for column, row in enumerate(holder) if row >= 0}
    return [
        taken[face] if taken[face] < people and gains[face, taken[face]] > 0 else None
        for face in range(faces)
    ]


def _add(
    face: int,
    costs: NDArray[np.float64],
    prices_of_faces: NDArray[np.float64],
    prices: NDArray[np.float64],
    holder: NDArray[np.int64],
) -> None:
    """Find a column for one more face by the cheapest change of what others hold."""
    columns = costs.shape[1]
    cheapest = np.full(columns, np.inf)
    row_before = np.full(columns, -1)
    is_reached = np.zeros(columns, dtype=np.bool_)
    row, spent, column = face, 0.0, -1
    reached_at = {face: 0.0}
    while row >= 0:
        reduced = spent + costs[row] - prices_of_faces[row] - prices
        is_better = ~is_reached & (reduced < cheapest)
        cheapest[is_better] = reduced[is_better]
        row_before[is_better] = row
        column = int(np.where(is_reached, np.inf, cheapest).argmin())
        spent = float(cheapest[column])
        is_reached[column] = True
        row = int(holder[column])
        if row >= 0:
            reached_at[row] = spent
    for reached, at in reached_at.items():
        prices_of_faces[reached] += spent - at
    prices[is_reached] -= spent - cheapest[is_reached]
    while column >= 0:
        giver = int(row_before[column])
        former = np.flatnonzero(holder == giver)
        holder[column] = giver
        column = int(former[former != column][0]) if giver != face else -1
