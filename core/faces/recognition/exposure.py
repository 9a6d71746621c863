"""What light did to a face, independent of skin colour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_BURNT: Final = 250
"""Brightness from which on nothing of the skin is left."""

_LEFT, _RIGHT = slice(8, 38), slice(52, 82)
_ROWS: Final = slice(10, 80)
"""The cheeks with the eyes above them, in the middle of a chip."""

_DARK: Final = 4.0
"""Added to brightness: below it, single levels look like large differences."""


def burnt_share(luma: NDArray[np.float32]) -> float:
    """Return the part of a face's pixels that are white, 0–1."""
    return int(np.count_nonzero(luma >= _BURNT)) / luma.size


def unevenness(luma: NDArray[np.float32]) -> float:
    """Return the natural logarithm of how many times brighter one half is than the other.

    Parameters
    ----------
    luma : ndarray of float32, shape (90, 90)
        The middle of a chip.
    """
    left, right = (np.log(luma[_ROWS, half] + _DARK).mean() for half in (_LEFT, _RIGHT))
    return abs(float(left - right))
