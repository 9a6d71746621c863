"""Tells from an embedding alone how many strangers are near it.

Some faces are near many people. Large galleries show which ones, small ones do not; but the
embedding itself tells a part of it. ``benchmarks/accuracy/learned_crowd.py`` learned the numbers;
docs/accuracy.md explains them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHARE: Final = 0.5
"""Of what is known of each of two faces, how much their distance is made larger or smaller."""


class Numbers(TypedDict):
    """A crowd as the file has it; the square ones are the upper triangle, row by row."""

    centre: Sequence[float]
    components: Sequence[Sequence[float]]
    linear: Sequence[float]
    square: Sequence[float]
    constant: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """How much farther than usual the nearest strangers are from a face.

    It is a quadratic function of K principal components of the embedding, within bounds.

    Parameters
    ----------
    centre : ndarray of float64, shape (D,)
        The usual embedding.
    components : ndarray of float64, shape (K, D)
        The directions in which embeddings differ most.
    linear : ndarray of float64, shape (K,)
    square : ndarray of float64, shape (K, K)
    constant : float
    least, most : float
        Nothing beyond was seen in good photos.
    """

    centre: Floats
    components: Floats
    linear: Floats
    square: Floats
    constant: float
    least: float
    most: float

    @classmethod
    def read(cls, numbers: Numbers) -> Self:
        """Return what a file says."""
        linear = np.array(numbers["linear"])
        square = np.zeros((len(linear), len(linear)))
        square[np.triu_indices(len(linear))] = numbers["square"]
        return cls(
            centre=np.array(numbers["centre"]),
            components=np.array(numbers["components"]),
            linear=linear,
            square=square,
            constant=numbers["constant"],
            least=numbers["least"],
            most=numbers["most"],
        )

    def of(self, embeddings: NDArray[np.floating]) -> Floats:
        """Return how much farther than usual the nearest strangers are; negative: nearer.

        Parameters
        ----------
        embeddings : ndarray of floats, shape (..., D)
            Of faces or templates; not modified.

        Returns
        -------
        ndarray of float64, shape (...)
            In units of distance.
        """
        at = (embeddings - self.centre) @ self.components.T
        told: Floats = at @ self.linear + ((at @ self.square) * at).sum(axis=-1) + self.constant
        return np.clip(told, self.least, self.most)


def evened(distance: Floats, one: Floats, other: Floats) -> Floats:
    """Return distances of pairs, less a part of what `Crowd.of` told of each; shapes broadcast."""
    even: Floats = distance - _SHARE * (one + other)
    return even
