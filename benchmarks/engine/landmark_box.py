"""Compare YuNet's boxes for dlib's landmark model with those HOG draws; write the artifact.

Usage: python -m benchmarks.engine.landmark_box --models-dir DIR

dlib's landmark model was trained in HOG's boxes; YuNet's must lie as they do. HOG
sees the photos twice as large: its boxes lie on a coarse grid, which moves those
of faces near its smallest size to one side.
"""

import json
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from benchmarks.common.lfw import trial_options
from core.faces.detection.detection import Detector
from core.faces.detection.hog import HogDetector
from core.faces.detection.yunet import YuNetDetector
from core.faces.geometry import Box
from core.faces.models.model_files import YUNET
from core.faces.models.network import Network

_EVERY: Final = 12
_TIMES: Final = 2
_MIN_SCORE: Final = 0.6


def main() -> None:
    """Look at every twelfth photo with both detectors."""
    options = trial_options(__doc__, out="docs/benchmarks/landmark-box.json").parse_args()
    hog: Detector = HogDetector()
    yunet = YuNetDetector(Network(options.models_dir / YUNET), min_score=_MIN_SCORE)
    differences = []
    files = sorted((options.photos / "images").rglob("*.jpg"))[::_EVERY]
    for file in tqdm(files):
        photo = Image.open(file).convert("RGB")
        enlarged = np.asarray(photo.resize((_TIMES * photo.width, _TIMES * photo.height)))
        its, seen = hog.detect(enlarged), yunet.detect(np.asarray(photo))
        ours = [face for face in seen if face.score >= yunet.min_score]
        if len(its) == len(ours) == 1:
            box = its[0].scaled(1 / _TIMES).landmark_box
            differences.append(difference(box, ours[0].landmark_box))
    middle = np.median(differences, axis=0)
    spread = np.percentile(np.abs(differences - middle), 90, axis=0)
    artifact = {
        "photos": len(files),
        "compared": len(differences),
        "median": dict(zip(("across", "down", "side"), middle.round(3).tolist(), strict=True)),
        "nine_in_ten_within": dict(
            zip(("across", "down", "side"), spread.round(3).tolist(), strict=True)
        ),
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def difference(box: Box, other: Box) -> NDArray[np.float64]:
    """Return how far the other's middle lies from the first's, and how much larger it is.

    Returns
    -------
    ndarray of float64, shape (3,)
        Across, down, and of the sides; in parts of the first box's side.
    """
    across = (other.left + other.right - box.left - box.right) / 2
    down = (other.top + other.bottom - box.top - box.bottom) / 2
    return np.array([across, down, other.width - box.width]) / box.width


if __name__ == "__main__":
    main()
