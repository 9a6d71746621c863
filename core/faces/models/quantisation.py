"""The ResNet's convolutions in int8, for processors: less than three quarters of the time.

Weights have a scale for each filter and 7 of their 8 bits: with all 8, processors
without VNNI saturate when they add two products. Activations have 8 bits between
the bounds that ``resnet_ranges.json`` gives. Sums, pools and the last product
stay in float32: they cost little time, and in int8 much exactness.

References
----------
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

import json
from typing import Final

import numpy as np
import onnx
from onnxruntime.quantization import QDQQuantizer, QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData

from core.errors import ModelCorrupt
from core.faces.models.dlib_resnet import resnet_from_dat

QUANTISED_OPERATORS: Final = ("Conv", "Relu")
"""A ReLU behind a convolution is part of its answer's bounds and costs nothing more."""


def resnet_int8_from_dat(content: bytes, ranges: bytes) -> bytes:
    """Convert dlib's face recognition network, and its convolutions to int8.

    Parameters
    ----------
    content : bytes
        dlib's file.
    ranges : bytes
        JSON with ``ranges``: the smallest and largest value of each tensor by name.

    Returns
    -------
    bytes
        An ONNX model of the same input and output as the float32 one.

    Raises
    ------
    ModelCorrupt
        If ``content`` is not that network, or the ranges are not its own.
    """
    network = onnx.load_from_string(resnet_from_dat(content))
    try:
        bounds = {name: _bounds(*pair) for name, pair in json.loads(ranges)["ranges"].items()}
        quantiser = QDQQuantizer(
            onnx.shape_inference.infer_shapes(network),
            per_channel=True,
            reduce_range=True,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, bounds),
            nodes_to_quantize=[],
            nodes_to_exclude=[],
            op_types_to_quantize=list(QUANTISED_OPERATORS),
            extra_options={},
        )
        quantiser.quantize_model()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelCorrupt(f"its ranges for int8 can't be used: {error!r}") from error
    quantiser.model.topological_sort()  # new nodes come last, which ONNX forbids
    return bytes(quantiser.model.model.SerializeToString())


def _bounds(lowest: float, highest: float) -> tuple[np.float32, np.float32]:
    return np.float32(lowest), np.float32(highest)
