"""The folder of face models that the tests' processes use."""

import shutil
from functools import cache
from pathlib import Path

from core.faces.models.converted_networks import NETWORKS
from core.faces.models.model_files import YUNET
from tests.support.photos import ROOT, SHARED


@cache
def models_dir() -> Path:
    """Return a folder with dlib's networks, and with YuNet where it is at hand."""
    folder = ROOT / "var" / "test-models"
    for network in NETWORKS:
        network.ensure(folder)
    for place in (SHARED.parent / "models", ROOT / "var" / "models"):
        if (place / YUNET).is_file():
            shutil.copy(place / YUNET, folder)
            break
    return folder
