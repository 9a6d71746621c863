"""Where the model files are.

All are dlib's, trained by Davis King and given to the public domain
(https://github.com/davisking/dlib-models). The 68-point landmark model in the
same package may not be used commercially and is never opened.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from core.errors import ModelMissing

LANDMARKS_5: Final = "shape_predictor_5_face_landmarks.dat"
RESNET: Final = "dlib_face_recognition_resnet_model_v1.dat"
MMOD: Final = "mmod_human_face_detector.dat"


def model_file(name: str) -> Path:
    """Return the path of one of dlib's model files.

    The package is located without being imported: its own code needs
    ``pkg_resources``, which newer setuptools no longer have.

    Raises
    ------
    ModelMissing
        If the package or the file is not installed.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing("the package face_recognition_models is not installed")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.is_file():
        raise ModelMissing(f"the model file {path} does not exist")
    return path
