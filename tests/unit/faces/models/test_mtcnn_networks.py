"""The converted networks do what the package's layers do, written out here in numpy."""

import io
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray

from core.faces.models.converted_networks import MTCNN_NETWORKS
from core.faces.models.model_files import MTCNN_1, MTCNN_2, MTCNN_3, model_file
from core.faces.models.network import Network

Values = NDArray[np.float64]


class _Layers:
    """Applies the layers of one file; values are of shape (rows, columns, channels)."""

    def __init__(self, name: str) -> None:
        arrays = joblib.load(io.BytesIO(model_file(name).read_bytes()))
        self._arrays: Iterator[Values] = (array.astype(np.float64) for array in arrays)

    def convolution(self, values: Values) -> Values:
        weights, bias = next(self._arrays), next(self._arrays)
        windows = np.lib.stride_tricks.sliding_window_view(values, weights.shape[:2], axis=(0, 1))
        return np.asarray(np.einsum("yxcij,ijcf->yxf", windows, weights) + bias)

    def rectified(self, values: Values) -> Values:
        return np.where(values > 0, values, values * next(self._arrays))

    def dense(self, values: Values) -> Values:
        weights, bias = next(self._arrays), next(self._arrays)
        return np.asarray(values @ weights + bias)


def _pool(values: Values, side: int, *, padded: bool) -> Values:
    if padded:  # below and right only, where the sides are not whole
        ends = [(0, max(0, (-(-n // 2) - 1) * 2 + side - n)) for n in values.shape[:2]]
        values = np.pad(values, (*ends, (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(values, (side, side), axis=(0, 1))
    return np.asarray(windows[::2, ::2].max(axis=(3, 4)))


def _softmax(values: Values) -> Values:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _first(pixels: Values) -> dict[str, Values]:
    layers = _Layers(MTCNN_1)
    values = _pool(layers.rectified(layers.convolution(pixels)), 2, padded=True)
    values = layers.rectified(layers.convolution(values))
    values = layers.rectified(layers.convolution(values))
    offsets, scores = layers.convolution(values), _softmax(layers.convolution(values))
    return {"offsets": offsets.transpose(2, 0, 1), "scores": scores.transpose(2, 0, 1)}


def _closer(name: str, pixels: Values) -> dict[str, Values]:
    layers = _Layers(name)
    values = _pool(layers.rectified(layers.convolution(pixels)), 3, padded=True)
    values = _pool(layers.rectified(layers.convolution(values)), 3, padded=False)
    values = layers.rectified(layers.convolution(values))
    if name == MTCNN_3:
        values = layers.rectified(layers.convolution(_pool(values, 2, padded=True)))
    values = layers.rectified(layers.dense(values.transpose(1, 0, 2).ravel()))
    answers = {"offsets": layers.dense(values)}
    if name == MTCNN_3:
        answers["points"] = layers.dense(values)
    return answers | {"scores": _softmax(layers.dense(values))}


@pytest.mark.parametrize(
    ("place", "name", "shape"),
    [(0, MTCNN_1, (31, 40)), (1, MTCNN_2, (24, 24)), (2, MTCNN_3, (48, 48))],
)
def test_converted_network_answers_as_the_packages_layers_do(
    models_dir: Path, place: int, name: str, shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(place).integers(0, 256, (*shape, 3), dtype=np.uint8)
    network = Network(MTCNN_NETWORKS[place].ensure(models_dir))

    answers = network.run(pixels[None])

    scaled = (pixels - 127.5) / 128
    expected = _first(scaled) if name == MTCNN_1 else _closer(name, scaled)
    assert answers.keys() == expected.keys()
    for output, values in expected.items():
        np.testing.assert_allclose(answers[output][0], values, atol=1e-4)
