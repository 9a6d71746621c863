"""Whether the eyes and the mouth of a face can be seen, or something covers them.

Directions of edges tell it, so neither colour nor brightness of skin or cloth
counts. The weights are ``covering.json``, made by ``benchmarks/accuracy/covering_weights.py``.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

WEIGHTS: Final = Path(__file__).with_name("covering.json")

_TURNS: Final = np.arange(4, dtype=np.float32) * np.float32(np.pi / 4)
_DIRECTIONS: Final = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)
"""Half of the directions; the others are opposite to these."""

_CELL_PX: Final = 5
_CELLS: Final = 15
_SIDE_PX: Final = _CELLS * _CELL_PX
_COLUMNS: Final = np.kron(np.eye(_CELLS, dtype=np.float32), np.ones((_CELL_PX, 1), np.float32))
"""Adds up the columns of a cell."""

_PADDED: Final = np.clip(np.arange(-1, _CELLS + 1), 0, _CELLS - 1)
_FACE: Final = (slice(3, 13), slice(3, 12))
_FAINT: Final = 0.3
"""Edges under this part of the face's usual ones count for less, as on plain cloth."""

PARTS: Final = {
    "eyes": (slice(None), slice(2, 7), slice(2, 13)),
    "mouth": (slice(None), slice(8, 14), slice(3, 12)),
}
"""Where they lie on a chip: directions, rows and columns of cells."""


def covering(luma: NDArray[np.float32]) -> float:
    """Return about −0.5 for a bare face, 0.5 where eyes or mouth can't be seen.

    Parameters
    ----------
    luma : ndarray of float32, shape (150, 150)
        Brightness of a chip, 0–255.
    """
    found = edges(luma)
    return max(
        float(weights @ found[PARTS[part]].ravel()) - bound
        for part, (weights, bound) in _weights().items()
    )


def edges(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how strong edges of 8 directions are in 15 × 15 cells of a chip.

    In parts of the edges around the cell; float32 of shape (8, 15, 15).

    References
    ----------
    N. Dalal and B. Triggs, Histograms of oriented gradients for human
    detection, CVPR 2005.
    """
    pairs = luma[::2] + luma[1::2]
    half = (pairs[:, ::2] + pairs[:, 1::2]) / 4
    slopes = np.zeros((2, _SIDE_PX, _SIDE_PX), dtype=np.float32)
    np.subtract(half[:, 2:], half[:, :-2], out=slopes[0, :, 1:-1])
    np.subtract(half[2:], half[:-2], out=slopes[1, 1:-1])
    rising = _DIRECTIONS @ slopes.reshape(2, -1)
    risen, sizes = _cell_sums(np.stack([rising, np.abs(rising)]))
    # What rises in a direction falls in the opposite one.
    cells = np.concatenate([sizes + risen, sizes - risen]) / 2
    strength = np.sqrt(np.square(cells).sum(axis=0))
    padded = strength[_PADDED[:, None], _PADDED]
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    around = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    usual = strength[_FACE].mean()
    shares: NDArray[np.float32] = cells / (around + _FAINT * usual + 1e-3)
    return shares


def _cell_sums(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of each cell's pixels, of shape (2, 4, 15, 15)."""
    rows = values.reshape(-1, _CELL_PX, _SIDE_PX).sum(axis=1)
    sums: NDArray[np.float32] = (rows @ _COLUMNS).reshape(2, -1, _CELLS, _CELLS)
    return sums


@cache
def _weights() -> dict[str, tuple[NDArray[np.float32], float]]:
    """Return the weights of each part's cells, and the bound that is subtracted."""
    stored = json.loads(WEIGHTS.read_text())
    return {
        part: (np.array(stored[part]["weights"], dtype=np.float32), stored[part]["bound"])
        for part in PARTS
    }
