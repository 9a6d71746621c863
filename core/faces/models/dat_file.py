"""dlib's serialised networks, read without dlib.

A network stands in its ``.dat`` file in forward order: each layer writes its
name, then its tensors. Integers are a control byte (low four bits: how many
bytes follow; 0x80: negative) and little-endian bytes; a string is its length
and its bytes; a tensor is the version 2, four dimensions and float32 values.

References
----------
dlib/serialize.h, dlib/dnn/layers.h and dlib/cuda/tensor.h of dlib 19.24.
"""

import re
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelCorrupt

_LAYER_WITH_PARAMETERS: Final = re.compile(
    rb"\x01(?:\x05(con_4)|\x07(affine_)|\x07(bn_con2)|\x04(fc_2))"
)
_BATCH_NORM_EPS: Final = 1e-4
_TENSOR_VERSION: Final = 2
_MOST_PARAMETERS: Final = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """A convolution with the normalisation behind it folded in.

    ``weights`` is float32 of shape (filters, channels, rows, columns), ``bias``
    of shape (filters,); ``padding`` is in pixels above and below, left and right.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    padding: tuple[int, int]


class DatFile:
    """Reads the layers of one file from front to back.

    Parameters
    ----------
    content : bytes
        The whole file.
    loss_name : str
        The name of the outermost layer, by which networks are told apart.

    Raises
    ------
    ModelCorrupt
        Here and in every method, if the file is of another network, damaged,
        or not dlib's at all.
    """

    def __init__(self, content: bytes, *, loss_name: str) -> None:
        header = b"\x01\x01\x01" + bytes([len(loss_name)]) + loss_name.encode()
        if not content.startswith(header):
            raise ModelCorrupt(f"not a network with {loss_name}: the file starts {content[:20]!r}")
        self._content = content
        self._position = len(header)

    def convolution(self) -> Convolution:
        """Read the next convolution, with the affine or batch norm layer behind it."""
        self._enter("con_4")
        params = self._tensor()
        filters, rows, columns, stride, _, *padding = [self._integer() for _ in range(7)]
        if min(filters, rows, columns) < 1 or (params.size - filters) % (filters * rows * columns):
            raise ModelCorrupt(f"{params.size} values for {filters} filters of {rows} x {columns}")
        gain, offset = self._normalisation(filters)
        weights = params[:-filters].reshape(filters, -1, rows, columns)
        return Convolution(
            weights=weights * gain[:, None, None, None],
            bias=params[-filters:] * gain + offset,
            stride=stride,
            padding=(padding[0], padding[1]),
        )

    def matrix(self, *, inputs: int, outputs: int) -> NDArray[np.float32]:
        """Read the next fully connected layer, one without bias.

        Returns
        -------
        ndarray of float32, shape (inputs, outputs)
        """
        self._enter("fc_2")
        self._integer()  # the number of outputs, and whether there is a bias:
        self._integer()  # both show in the number of weights as well
        params = self._tensor()
        if params.size != inputs * outputs:
            raise ModelCorrupt(f"{params.size} weights between {inputs} and {outputs} values")
        return params.reshape(inputs, outputs)

    def _normalisation(self, filters: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return gain and offset of the layer behind a convolution; 1 and 0 if it has none."""
        following = self._next_layer()
        if following not in ("affine_", "bn_con2"):
            return np.ones(filters, np.float32), np.zeros(filters, np.float32)
        self._enter(following)
        params = self._tensor()
        if params.size != 2 * filters:
            raise ModelCorrupt(f"{params.size} normalisation values for {filters} filters")
        gain, offset = params[:filters], params[filters:]
        if following == "affine_":
            return gain, offset
        for _ in range(10):  # two descriptions of where gain and offset lie in params
            self._integer()
        _, _, mean, variance = [self._tensor() for _ in range(4)]  # last batch, then running
        scale = (gain / np.sqrt(variance + _BATCH_NORM_EPS)).astype(np.float32)
        return scale, offset - mean * scale

    def _next_layer(self) -> str:
        found = _LAYER_WITH_PARAMETERS.search(self._content, self._position)
        return found[found.lastindex or 0].decode() if found else ""

    def _enter(self, name: str) -> None:
        found = _LAYER_WITH_PARAMETERS.search(self._content, self._position)
        if found is None or found[found.lastindex or 0] != name.encode():
            raise ModelCorrupt(f"no {name} layer behind byte {self._position}")
        self._position = found.end()

    def _integer(self) -> int:
        control = self._bytes(1)[0]
        magnitude = int.from_bytes(self._bytes(control & 0x0F), "little")
        return -magnitude if control & 0x80 else magnitude

    def _tensor(self) -> NDArray[np.float32]:
        version = self._integer()
        size = prod(self._integer() for _ in range(4))
        if version != _TENSOR_VERSION or not 0 <= size <= _MOST_PARAMETERS:
            raise ModelCorrupt(f"no tensor before byte {self._position}")
        return np.frombuffer(self._bytes(size * 4), dtype="<f4").astype(np.float32)

    def _bytes(self, count: int) -> bytes:
        taken = self._content[self._position : self._position + count]
        if len(taken) < count:
            raise ModelCorrupt(f"the file ends at byte {len(self._content)}, inside a layer")
        self._position += count
        return taken
