"""dlib's CNN face detector in onnxruntime: needs no file but those of face_recognition_models."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.detection.detection import Detection
from core.faces.detection.pyramid import canvas_to_photo, draw_canvas, plan_layout
from core.faces.detection.suppression import keep_best
from core.faces.geometry import Box
from core.faces.models.network import Network

_WINDOW_PX: Final = 80
_STRIDE_PX: Final = 8
_FIRST_CENTRE_PX: Final = 14
"""Middle of the first output cell: half of each of the three 5 x 5 / 2 filters, 2 + 4 + 8."""

_MIN_CANVAS_PX: Final = 29
"""Smaller ones leave nothing for the three filters."""

_MAX_IOU: Final = 0.3383
"""From the network's file; it lets boxes inside other boxes through."""


class MmodDetector:
    """Finds faces of 80 pixels and more, also turned and partly hidden ones.

    Parameters
    ----------
    network : Network
        What ``core.faces.models.converted_networks.MMOD_NETWORK`` converts.
    min_score : float
        dlib's own limit is 0; real faces mostly have 0.5 to 1.1.

    References
    ----------
    D. E. King, Max-Margin Object Detection, 2015, https://arxiv.org/abs/1502.00046
    """

    smallest_face_px: Final = float(_WINDOW_PX)
    sure_score: Final = 0.6
    upright_score: Final = math.inf

    def __init__(self, network: Network, *, min_score: float = 0.0) -> None:
        self._network = network
        self.min_score: Final = min_score

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), in its own pixels."""
        height, width = image.shape[:2]
        layout = plan_layout(width, height)
        if min(layout.width, layout.height) < _MIN_CANVAS_PX:
            return []
        scores = self._network.run(draw_canvas(image, layout))["scores"][0, 0]
        rows, columns = np.nonzero(scores > self.min_score)
        if rows.size == 0:
            return []
        centres = np.stack([columns, rows], axis=1) * float(_STRIDE_PX) + _FIRST_CENTRE_PX
        reach = (_WINDOW_PX - 1) / 2
        corners = canvas_to_photo(np.stack([centres - reach, centres + reach], axis=1), layout)
        corners[:, 1] += 1  # from the last pixel inside to the first outside
        boxes = corners.reshape(-1, 4)
        found = scores[rows, columns].astype(np.float64)
        kept = keep_best(boxes, found, max_iou=_MAX_IOU)
        return [_detection(boxes[index], found[index]) for index in kept]


def _detection(corners: NDArray[np.float64], score: float) -> Detection:
    left, top, right, bottom = (float(value) for value in corners)
    box = Box(left=left, top=top, right=right, bottom=bottom)
    return Detection(box=box, landmark_box=box, score=float(score))
