"""The YuNet face detector in onnxruntime: small, fast, and good at small faces."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelCorrupt
from core.faces.detection.detection import Detection
from core.faces.detection.suppression import keep_best
from core.faces.geometry import Box, middle_of
from core.faces.models.network import Network

_STRIDES: Final = (8, 16, 32)
_MULTIPLE_PX: Final = 32
"""Width and height that the network accepts are multiples of this."""

_MAX_IOU: Final = 0.45
_HINT_SCORE: Final = 0.3
_HEADS: Final = ("cls", "obj", "bbox", "kps")

_LANDMARK_BOX_SHIFT: Final = (-0.09, 0.46)
_LANDMARK_BOX_SIDE: Final = 2.41
"""The box that dlib's HOG detector draws, fitted on 394 photos, see docs/accuracy.md.

From the middle of the eyes, in units of the mean of two distances: between the
eyes, and between the middle of the eyes and of the mouth.
"""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Faces before suppression.

    ``boxes`` is float64 of shape (N, 4): left, top, right, bottom; ``points``
    of shape (N, 5, 2): the person's right eye, left eye, nose, right and left
    corner of the mouth; ``scores`` of shape (N,), 0–1.
    """

    boxes: NDArray[np.float64]
    points: NDArray[np.float64]
    scores: NDArray[np.float64]


_NOTHING: Final = Candidates(boxes=np.empty((0, 4)), points=np.empty((0, 5, 2)), scores=np.empty(0))


class YuNetDetector:
    """Finds faces from about 10 pixels on.

    Parameters
    ----------
    network : Network
        ``yunet_n_dynamic.onnx``.
    min_score : float
        What has a lower score, 0–1, is a hint only.

    Raises
    ------
    ModelCorrupt
        If the network is not YuNet.

    References
    ----------
    W. Wu, H. Peng and S. Yu, YuNet: A Tiny Millisecond-level Face Detector,
    Machine Intelligence Research 20, 2023;
    https://github.com/ShiqiYu/libfacedetection.train
    """

    smallest_face_px: Final = 16.0
    sure_score: Final = 0.75
    upright_score: Final = 0.915

    def __init__(self, network: Network, *, min_score: float) -> None:
        expected = {f"{head}_{stride}" for head in _HEADS for stride in _STRIDES}
        if expected != set(network.outputs):
            raise ModelCorrupt(f"not YuNet: the outputs are {', '.join(network.outputs)}")
        self._network = network
        self.min_score: Final = min_score

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), and hints, in its own pixels."""
        tensor = _to_tensor(image)
        outputs = self._network.run(tensor)
        candidates = decode(outputs, width=tensor.shape[3], min_score=_HINT_SCORE)
        kept = keep_best(candidates.boxes, candidates.scores, max_iou=_MAX_IOU)
        return [
            _detection(candidates.boxes[i], candidates.points[i], candidates.scores[i])
            for i in kept
        ]


def decode(outputs: dict[str, NDArray[np.float32]], *, width: int, min_score: float) -> Candidates:
    """Turn the network's outputs into candidates.

    Parameters
    ----------
    outputs : dict of str to ndarray of float32
        For each stride s of 8, 16 and 32 and N cells of s x s pixels, row by
        row: ``cls_s`` and ``obj_s`` of shape (1, N, 1), ``bbox_s`` of shape
        (1, N, 4), ``kps_s`` of shape (1, N, 10).
    width : int
        Of the network's input, in pixels.
    min_score : float
        Candidates below it are left out.
    """
    levels = [_decode_stride(outputs, stride, width // stride, min_score) for stride in _STRIDES]
    return Candidates(
        boxes=np.concatenate([level.boxes for level in levels]),
        points=np.concatenate([level.points for level in levels]),
        scores=np.concatenate([level.scores for level in levels]),
    )


def _decode_stride(
    outputs: dict[str, NDArray[np.float32]], stride: int, columns: int, min_score: float
) -> Candidates:
    class_scores = outputs[f"cls_{stride}"][0, :, 0]
    object_scores = outputs[f"obj_{stride}"][0, :, 0]
    # Of thousands of cells few are sure enough, so all that costs more is done with those.
    cells = np.flatnonzero(np.minimum(class_scores, object_scores) >= min_score**2)
    if not cells.size:
        return _NOTHING
    scores = np.sqrt(np.minimum(class_scores[cells], 1) * np.minimum(object_scores[cells], 1))
    cells, scores = cells[scores >= min_score], scores[scores >= min_score]
    origins = np.stack([cells % columns, cells // columns], axis=1).astype(np.float64)
    shapes = outputs[f"bbox_{stride}"][0, cells].astype(np.float64)
    centres = (origins + shapes[:, :2]) * stride
    halves = np.exp(shapes[:, 2:]) * (stride / 2)
    offsets = outputs[f"kps_{stride}"][0, cells].astype(np.float64).reshape(-1, 5, 2)
    return Candidates(
        boxes=np.concatenate([centres - halves, centres + halves], axis=1),
        points=(origins[:, None, :] + offsets) * stride,
        scores=scores.astype(np.float64),
    )


def landmark_box(points: NDArray[np.float64]) -> Box:
    """Return the box in which dlib's landmark model expects a face.

    Parameters
    ----------
    points : ndarray of float64, shape (5, 2)
        Eyes, nose and corners of the mouth, as in `Candidates`.
    """
    right_eye, left_eye, _, *mouth = points.tolist()
    eyes = middle_of(right_eye, left_eye)
    scale = (math.dist(right_eye, left_eye) + math.dist(eyes, middle_of(*mouth))) / 2
    shift_x, shift_y = _LANDMARK_BOX_SHIFT
    middle = (eyes[0] + shift_x * scale, eyes[1] + shift_y * scale)
    return Box.around(middle, _LANDMARK_BOX_SIDE * scale, _LANDMARK_BOX_SIDE * scale)


def tilt(points: NDArray[np.float64]) -> float:
    """Return by how many degrees a face leans clockwise, as its eyes and mouth lie.

    Parameters
    ----------
    points : ndarray of float64, shape (5, 2)
        As in `Candidates`; right for faces that lean by less than about 45 degrees.
    """
    right_eye, left_eye, _, *mouth = points.tolist()
    eyes, lips = middle_of(right_eye, left_eye), middle_of(*mouth)
    rise = left_eye[1] - right_eye[1] - (lips[0] - eyes[0])
    run = left_eye[0] - right_eye[0] + lips[1] - eyes[1]
    return math.degrees(math.atan2(rise, run))


def _to_tensor(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return BGR planes of shape (1, 3, H, W), black up to the next multiple."""
    height, width = image.shape[:2]
    padded = [-(-side // _MULTIPLE_PX) * _MULTIPLE_PX for side in (height, width)]
    tensor = np.empty((1, 3, *padded), dtype=np.float32)
    tensor[:, :, height:] = 0
    tensor[:, :, :, width:] = 0
    for plane, channel in zip(tensor[0], (2, 1, 0), strict=True):  # all at once takes longer
        plane[:height, :width] = image[:, :, channel]
    return tensor


def _detection(
    corners: NDArray[np.float64], points: NDArray[np.float64], score: float
) -> Detection:
    left, top, right, bottom = corners.tolist()
    return Detection(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        landmark_box=landmark_box(points),
        score=float(score),
        tilt=tilt(points),
        points=tuple((x, y) for x, y in points.tolist()),
    )
