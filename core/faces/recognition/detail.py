"""What the fine detail of a face tells: blur, noise, and compression."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIDEWAYS_AND_DOWN: Final = ((0, 1), (1, 0))
_DIRECTIONS: Final = (*_SIDEWAYS_AND_DOWN, (1, 1), (1, -1))
"""Steps of a pixel, down and across, every 45 degrees."""

_USUAL: Final = 70.0
"""Brings faces of usual light and contrast to the size of their second differences."""

_DARK, _FLAT = 4.0, 2.0
"""Brightness and contrast under which rounding to whole numbers looks like detail."""

_WHITE: Final = 250
_LEVEL: Final = 0.1
"""Added to a median that may be 0."""

_LIT, _UNLIT = 80.0, 40.0
"""Above this brightness grain is skin and hair, below that one it is the sensor's."""


def sharpness(luma: NDArray[np.float32]) -> float:
    """Return about 1.2 for a sharp face, 0.6 for one that is moved or out of focus.

    The logarithm of the mean second difference along the direction where it is
    least, because a camera that moves blurs one direction only. It is taken in
    parts of brightness and contrast, so that neither light nor skin changes it.

    Parameters
    ----------
    luma : ndarray of float32, shape (H, W)
        Brightness, 0–255.
    """
    detail = float(_second_differences(luma, _DIRECTIONS).mean(axis=1).min())
    light = (float(luma.mean()) + _DARK) * (float(luma.std()) + _FLAT)
    return math.log1p(_USUAL * detail / math.sqrt(light))


def noise(luma: NDArray[np.float32]) -> float:
    """Return how grainy a dark face is, in hundredths of its brightness; 0 for a lit one.

    Edges and ramps leave nothing in the mask that grain is measured with.

    References
    ----------
    J. Immerkær, Fast noise variance estimation, Computer Vision and Image
    Understanding 64, 1996.
    """
    brightness = float(luma.mean())
    darkness = min((_LIT - brightness) / (_LIT - _UNLIT), 1.0)
    if darkness <= 0:
        return 0.0
    across = luma[:, :-2] - 2 * luma[:, 1:-1] + luma[:, 2:]
    both = across[:-2] - 2 * across[1:-1] + across[2:]
    return darkness * 100 * _median(np.abs(both).ravel()) / (brightness + _DARK)


def compression(luma: NDArray[np.float32]) -> float:
    """Return about 2.5 for a face, 6 for one of which a JPEG left only blocks.

    Compression leaves few edges, and nothing between them: the root of the mean square
    of second differences, in parts of their median. White pixels are left out.
    """
    seen = _second_differences(luma, _SIDEWAYS_AND_DOWN)
    shown = luma[1:-1, 1:-1].ravel() < _WHITE
    seen = seen.ravel() if shown.all() else seen[:, shown].ravel()
    if not seen.size:
        return 0.0
    return math.sqrt(float(seen @ seen) / seen.size) / (_median(seen) + _LEVEL)


def _second_differences(
    luma: NDArray[np.float32], steps: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Return the size of before − 2 · here + behind in each of some directions.

    Parameters
    ----------
    luma : ndarray of float32, shape (H, W)
    steps : sequence of (int, int)
        Pixels down and across.

    Returns
    -------
    ndarray of float32, shape (len(steps), (H − 2) · (W − 2))
    """
    height, width = luma.shape
    sizes = np.empty((len(steps), height - 2, width - 2), dtype=np.float32)
    for each, (down, across) in zip(sizes, steps, strict=True):
        before = luma[1 - down : height - 1 - down, 1 - across : width - 1 - across]
        behind = luma[1 + down : height - 1 + down, 1 + across : width - 1 + across]
        np.add(before, behind, out=each)
    sizes -= 2 * luma[1:-1, 1:-1]
    return np.abs(sizes, out=sizes).reshape(len(steps), -1)


def _median(values: NDArray[np.float32]) -> float:
    """Return what `numpy.median` does, in a fraction of its time."""
    half = values.size // 2
    parted = np.partition(values, half)
    upper = float(parted[half])
    return upper if values.size % 2 else (float(parted[:half].max()) + upper) / 2
