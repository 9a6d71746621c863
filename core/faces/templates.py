"""Makes templates of people: what their faces have in common."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_OUTLYING: Final = 1.5
_LEAST_TYPICAL: Final = 0.25
"""How far a face may be from the person's others: so many times the usual distance, which
counts as no less than this share of an embedding's length."""

_COMPARED: Final = 256
"""Faces of one person with whom each is compared, so that thousands take no longer than that."""


def template_of(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the template of a person: the mean of their faces, without outlying ones.

    Where there are three or more, a face is left out if it is far from most others, since
    it is probably somebody else's.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (N, D)
        All enrolled faces of the person, one or more, in any order; not modified.

    Returns
    -------
    ndarray of float32, shape (D,)
    """
    template: NDArray[np.float32] = templates_of(embeddings, [len(embeddings)])[0]
    return template


def templates_of(embeddings: NDArray[np.float32], counts: Sequence[int]) -> NDArray[np.float32]:
    """Return the templates of several people, as `template_of` makes them.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (N, D)
        The faces of each person, one person after the other; not modified.
    counts : sequence of int
        How many of the faces are each person's, one or more; N together.

    Returns
    -------
    ndarray of float32, shape (P, D)
        One template per person.
    """
    of_each = np.array(counts)
    places = np.arange(of_each.max())
    is_face = places < of_each[:, np.newaxis]
    rows = (np.cumsum(of_each) - of_each)[:, np.newaxis] + np.where(is_face, places, 0)
    faces = embeddings.astype(np.float64)[rows]
    is_face &= _fit(faces, is_face, of_each)
    sums = np.where(is_face[:, :, np.newaxis], faces, 0).sum(axis=1)
    templates: NDArray[np.float32] = (sums / is_face.sum(axis=1, keepdims=True)).astype(np.float32)
    return templates


def _fit(
    faces: NDArray[np.float64], is_face: NDArray[np.bool_], counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which faces are as near to the same person's others as is usual among these."""
    squares = np.where(is_face, np.square(faces).sum(axis=2), 0)
    typical = np.where(is_face, _typical(faces, is_face, counts), np.inf)
    ordered = np.sort(typical, axis=1)
    people = np.arange(len(counts))
    middle = (ordered[people, (counts - 1) // 2] + ordered[people, counts // 2]) / 2
    least = _LEAST_TYPICAL * np.sqrt(squares.sum(axis=1) / counts)
    most = np.where(counts > 2, _OUTLYING * np.maximum(middle, least), np.inf)
    fit: NDArray[np.bool_] = typical <= most[:, np.newaxis]
    return fit


def _typical(
    faces: NDArray[np.float64], is_face: NDArray[np.bool_], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the lower median of each face's distances to the others of its person."""
    chosen, compared = faces, is_face
    if faces.shape[1] > _COMPARED:
        # Evenly from an order that does not depend on the one that they come in.
        order = np.argsort(np.where(is_face, faces.sum(axis=2), np.inf), axis=1)
        places = np.minimum(counts[:, np.newaxis], _COMPARED)
        steps = np.arange(_COMPARED) * counts[:, np.newaxis] // places
        chosen_rows = np.take_along_axis(order, np.minimum(steps, faces.shape[1] - 1), axis=1)
        chosen = np.take_along_axis(faces, chosen_rows[:, :, np.newaxis], axis=1)
        compared = np.arange(_COMPARED) < places
    squares, chosen_squares = np.square(faces).sum(axis=2), np.square(chosen).sum(axis=2)
    products = faces @ chosen.transpose(0, 2, 1)
    squared = squares[:, :, np.newaxis] + chosen_squares[:, np.newaxis] - 2 * products
    distances = np.where(compared[:, np.newaxis], np.sqrt(np.clip(squared, 0, None)), np.inf)
    if chosen is faces:
        own = np.arange(faces.shape[1])
        distances[:, own, own] = 0  # in the first place of the order
    middle = (compared.sum(axis=1) // 2)[:, np.newaxis, np.newaxis]
    ordered = np.sort(distances, axis=2)
    typical: NDArray[np.float64] = np.take_along_axis(
        ordered, np.broadcast_to(middle, (*faces.shape[:2], 1)), axis=2
    )[:, :, 0]
    return typical
