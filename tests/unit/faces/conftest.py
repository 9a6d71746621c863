"""Models and photographs that the tests of the engine share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.models.converted_networks import NETWORKS
from core.faces.models.model_files import MTCNN_1, RESNET, YUNET, model_file

_SHARED = Path(__file__).resolve().parents[3].parent / "shared"


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages' networks converted."""
    folder = tmp_path_factory.mktemp("models")
    for network in NETWORKS:
        network.ensure(folder)
    return folder


@pytest.fixture(scope="session")
def resnet_dat() -> Path:
    return model_file(RESNET)


@pytest.fixture(scope="session")
def mtcnn_file() -> Path:
    """Return the weights of MTCNN's first network."""
    return model_file(MTCNN_1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of test photographs, which not every checkout has beside it."""
    folder = _SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no test photographs in {folder}")
    return folder


@pytest.fixture(scope="session")
def yunet_file() -> Path:
    file = _SHARED / "models" / "yunet_n_dynamic.onnx"
    if not file.is_file():
        pytest.skip(f"no YuNet in {file}")
    return file


@pytest.fixture(scope="session")
def models_with_yunet(
    models_dir: Path, yunet_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with all networks."""
    folder = tmp_path_factory.mktemp("models-with-yunet")
    shutil.copytree(models_dir, folder, dirs_exist_ok=True)
    shutil.copy(yunet_file, folder / YUNET)
    return folder


@pytest.fixture(scope="session")
def photo(shared_data: Path) -> Callable[[str], NDArray[np.uint8]]:
    """Return a function from a path below the test photographs to RGB pixels."""

    def load(name: str) -> NDArray[np.uint8]:
        with Image.open(shared_data / name) as image:
            return np.asarray(image.convert("RGB"))

    return load
