"""What fine detail tells, on patterns without any face."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from core.faces.recognition.detail import compression, noise, sharpness
from core.faces.recognition.exposure import burnt_share, unevenness

_SIDE = 90
Luma = NDArray[np.float32]


def _smooth(luma: Luma, down: int, across: int, steps: int = 9) -> Luma:
    moved = [np.roll(luma, (step * down, step * across), (0, 1)) for step in range(steps)]
    mean: Luma = np.mean(moved, axis=0)
    return mean


@pytest.fixture
def pattern() -> Luma:
    """Return brightness that varies at random, with some detail in every direction."""
    grain = np.random.default_rng(5).normal(0, 60, (_SIDE, _SIDE))
    soft = np.mean([np.roll(grain, by, axis) for by in range(-1, 2) for axis in (0, 1)], axis=0)
    luma: Luma = (130 + soft).clip(0, 255).astype(np.float32)
    return luma


@pytest.mark.parametrize("step", [(0, 1), (1, 1), (1, 0), (1, -1)])
def test_blur_in_any_one_direction_lowers_sharpness(pattern: Luma, step: tuple[int, int]) -> None:
    assert sharpness(_smooth(pattern, *step)) < 0.7 * sharpness(pattern)


@pytest.mark.parametrize("factor", [0.3, 0.6, 1.5])
@pytest.mark.parametrize("measured", [sharpness, compression, unevenness])
def test_light_changes_nothing_but_brightness(
    pattern: Luma, measured: Callable[[Luma], float], factor: float
) -> None:
    assert measured(pattern * np.float32(factor)) == pytest.approx(
        measured(pattern), rel=0.1, abs=0.01
    )


def test_noise_tells_of_dark_photos_only(pattern: Luma) -> None:
    grain = np.random.default_rng(6).normal(0, 5, pattern.shape).astype(np.float32)
    dark = np.full_like(pattern, 35)

    assert noise(dark) == 0
    assert noise(dark + grain) > 10
    assert noise(pattern) == 0


def test_blocks_are_compression(pattern: Luma) -> None:
    blocks = np.kron(pattern[::8, ::8], np.ones((8, 8), np.float32))[:_SIDE, :_SIDE]

    assert compression(blocks) > 2 * compression(pattern)


def test_compression_is_in_parts_of_the_median() -> None:
    ramp: Luma = (np.arange(_SIDE) ** 2 / 80).astype(np.float32)
    luma: Luma = np.tile(ramp, (_SIDE, 1))  # 1/40 along rows, nothing along columns

    assert compression(luma) == pytest.approx(np.sqrt(0.5) / 40 / (1 / 80 + 0.1), rel=1e-2)


def test_white_pixels_are_burnt_out() -> None:
    luma = np.full((_SIDE, _SIDE), 200, np.float32)
    luma[:45] = 253

    assert burnt_share(luma) == 0.5


def test_unevenness_is_how_many_times_brighter_one_half_is() -> None:
    luma = np.full((_SIDE, _SIDE), 200, np.float32)
    luma[:, :45] = 50

    assert unevenness(luma) == pytest.approx(np.log(4), abs=0.1)
    assert unevenness(luma[:, ::-1]) == unevenness(luma)
