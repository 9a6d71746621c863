"""MTCNN in onnxruntime: finds faces where YuNet is not installed, from a package's own weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.faces.detection.detection import Detection
from core.faces.detection.suppression import keep_best
from core.faces.detection.yunet import landmark_box, tilt
from core.faces.geometry import Box
from core.faces.models.network import Network

_CELL_PX: Final = 12
_STEP_PX: Final = 2
"""What the first network sees at a time, and how far its places are apart."""

_SMALLEST_PX: Final = 20
"""Side of the faces that the first network looks for first; it finds slightly smaller ones, too."""

_SIDES_PX: Final = (24, 48)
_SHRINK: Final = 0.6
"""Each look of the first network is at so much of the size of the look before."""

_MIN_SCORES: Final = (0.6, 0.7)
"""Of the first and the second network. These, and the overlaps, are the package's own."""
_MAX_IOU: Final = 0.7
_MAX_IOU_AT_A_SIZE: Final = 0.5
_MAX_IOU_OF_FACES: Final = 0.45
_HINT_SCORE: Final = 0.3
_BATCH: Final = 64
_GREY: Final = (127, 127, 127)
"""Next to 0 for the networks."""


@dataclass(frozen=True, kw_only=True)
class _Squares:
    """``boxes`` is float64 of shape (N, 4): left, top, right, bottom; ``scores`` of shape (N,)."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]

    def best(self, max_iou: float) -> "_Squares":
        return self.at(keep_best(self.boxes, self.scores, max_iou=max_iou))

    def at(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "_Squares":
        return _Squares(boxes=self.boxes[index], scores=self.scores[index])


class MtcnnDetector:
    """Finds faces from about 16 pixels on, and their eyes, nose and corners of the mouth.

    Parameters
    ----------
    networks : sequence of Network
        What ``core.faces.models.converted_networks.MTCNN_NETWORKS`` convert.

    References
    ----------
    K. Zhang, Z. Zhang, Z. Li and Y. Qiao, Joint Face Detection and Alignment Using Multitask
    Cascaded Convolutional Networks, IEEE Signal Processing Letters 23, 2016;
    https://github.com/ipazc/mtcnn
    """

    smallest_face_px: Final = 16.0
    min_score: Final = 0.9
    sure_score: Final = 0.95
    upright_score: Final = 0.99

    def __init__(self, networks: Sequence[Network]) -> None:
        self._first, self._second, self._third = networks

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of an RGB image of shape (H, W, 3), and hints, in its own pixels."""
        found = _squared(self._everywhere(image).best(_MAX_IOU))
        if not found.scores.size:
            return []
        seen = _answers(self._second, image, found.boxes, _SIDES_PX[0])
        found = _squared(_moved(found, seen, min_score=_MIN_SCORES[1]).best(_MAX_IOU))
        if not found.scores.size:
            return []
        seen = _answers(self._third, image, found.boxes, _SIDES_PX[1])
        places = found.boxes[seen["scores"][:, 1] > _HINT_SCORE]
        points = seen["points"][seen["scores"][:, 1] > _HINT_SCORE]
        faces = _moved(found, seen, min_score=_HINT_SCORE)
        kept = keep_best(faces.boxes, faces.scores, max_iou=_MAX_IOU_OF_FACES)
        return [
            _detection(faces.boxes[i], faces.scores[i], _points(places[i], points[i])) for i in kept
        ]

    def _everywhere(self, image: NDArray[np.uint8]) -> _Squares:
        """Return what the first network takes for faces at any size."""
        height, width = image.shape[:2]
        picture, factor = Image.fromarray(image), _CELL_PX / _SMALLEST_PX
        looks = [_Squares(boxes=np.empty((0, 4)), scores=np.empty(0))]
        while min(height, width) * factor >= _CELL_PX:
            size = round(width * factor), round(height * factor)
            small = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
            looks.append(self._at_size(small, width / size[0], height / size[1]))
            factor *= _SHRINK
        return _Squares(
            boxes=np.concatenate([look.boxes for look in looks]),
            scores=np.concatenate([look.scores for look in looks]),
        )

    def _at_size(self, small: NDArray[np.uint8], across: float, down: float) -> _Squares:
        seen = self._first.run(small[None])
        scores, offsets = seen["scores"][0, 1], seen["offsets"][0]
        rows, columns = np.nonzero(scores > _MIN_SCORES[0])
        corners = np.stack([columns, rows, columns, rows], axis=1) * float(_STEP_PX)
        corners[:, 2:] += _CELL_PX
        boxes = (corners + offsets[:, rows, columns].T * _CELL_PX) * [across, down, across, down]
        found = _Squares(boxes=boxes, scores=scores[rows, columns].astype(np.float64))
        return found.best(_MAX_IOU_AT_A_SIZE)


def _answers(
    network: Network, image: NDArray[np.uint8], boxes: NDArray[np.float64], side_px: int
) -> dict[str, NDArray[np.float32]]:
    """Return what a network says of squares of an image."""
    starts = range(0, len(boxes), _BATCH)
    parts = [network.run(_cut(image, boxes[start : start + _BATCH], side_px)) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in network.outputs}


def _cut(image: NDArray[np.uint8], boxes: NDArray[np.float64], side_px: int) -> NDArray[np.uint8]:
    """Return squares of an image, resized, of shape (N, side_px, side_px, 3); grey outside."""
    picture = Image.fromarray(image)
    squares = np.empty((len(boxes), side_px, side_px, 3), dtype=np.uint8)
    for square, box in zip(squares, boxes.tolist(), strict=True):
        part = picture.transform(
            (side_px, side_px),
            Image.Transform.EXTENT,
            box,
            Image.Resampling.BILINEAR,
            fillcolor=_GREY,
        )
        square[:] = np.asarray(part)
    return squares


def _moved(
    squares: _Squares, seen: dict[str, NDArray[np.float32]], *, min_score: float
) -> _Squares:
    """Return the squares that a network still takes for faces, where it sees these."""
    scores = seen["scores"][:, 1].astype(np.float64)
    sides = (squares.boxes[:, 2:] - squares.boxes[:, :2])[:, [0, 1, 0, 1]]
    moved = _Squares(boxes=squares.boxes + seen["offsets"] * sides, scores=scores)
    return moved.at(scores > min_score)


def _squared(squares: _Squares) -> _Squares:
    """Return boxes with all sides as long as their longest."""
    low, high = squares.boxes[:, :2], squares.boxes[:, 2:]
    reach = (high - low).max(axis=1, keepdims=True) / 2
    middles = (low + high) / 2
    return _Squares(
        boxes=np.concatenate([middles - reach, middles + reach], axis=1), scores=squares.scores
    )


def _points(square: NDArray[np.float64], shares: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return eyes, nose and corners of the mouth; the third network gives them in shares."""
    left, top, right, bottom = square
    across, down = shares[:5].astype(np.float64), shares[5:].astype(np.float64)
    return np.stack([left + across * (right - left), top + down * (bottom - top)], axis=1)


def _detection(
    corners: NDArray[np.float64], score: float, points: NDArray[np.float64]
) -> Detection:
    left, top, right, bottom = corners.tolist()
    return Detection(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        landmark_box=landmark_box(points),
        score=float(score),
        tilt=tilt(points),
        points=tuple((x, y) for x, y in points.tolist()),
    )
