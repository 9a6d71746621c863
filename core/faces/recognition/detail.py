"""What the fine detail of a face tells: blur, noise, and compression."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_DIRECTIONS: Final = ((0, 1), (1, 1), (1, 0), (1, -1))
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
    detail = min(float(_second_difference(luma, *step).mean()) for step in _DIRECTIONS)
    light = (float(luma.mean()) + _DARK) * (float(luma.std()) + _FLAT)
    return float(np.log1p(_USUAL * detail / np.sqrt(light)))


def noise(luma: NDArray[np.float32]) -> float:
    """Return how grainy a dark face is, in hundredths of its brightness; 0 for a lit one.

    Edges and ramps leave nothing in the mask that grain is measured with.

    References
    ----------
    J. Immerkær, Fast noise variance estimation, Computer Vision and Image
    Understanding 64, 1996.
    """
    brightness = float(luma.mean())
    darkness = float(np.clip((_LIT - brightness) / (_LIT - _UNLIT), 0, 1))
    if darkness == 0:
        return 0.0
    across = luma[:, :-2] - 2 * luma[:, 1:-1] + luma[:, 2:]
    both = across[:-2] - 2 * across[1:-1] + across[2:]
    return darkness * float(100 * np.median(np.abs(both)) / (brightness + _DARK))


def compression(luma: NDArray[np.float32]) -> float:
    """Return about 2.5 for a face, 6 for one of which a JPEG left only blocks.

    Compression leaves few edges, and nothing between them: the root of the mean square
    of second differences, in parts of their median. White pixels are left out.
    """
    shown = luma[1:-1, 1:-1] < _WHITE
    seen = np.concatenate([_second_difference(luma, *step)[shown] for step in ((0, 1), (1, 0))])
    if not seen.size:
        return 0.0
    return float(np.sqrt(np.square(seen).mean())) / (float(np.median(seen)) + _LEVEL)


def _second_difference(luma: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Return the size of before − 2 · here + behind, in steps of that direction."""
    height, width = luma.shape
    inner = luma[1:-1, 1:-1]
    before = luma[1 - down : height - 1 - down, 1 - across : width - 1 - across]
    behind = luma[1 + down : height - 1 + down, 1 + across : width - 1 + across]
    sizes: NDArray[np.float32] = np.abs(before + behind - 2 * inner)
    return sizes
