"""An engine's model files as arrays, for machines that have no folder of them.

onnxruntime copies a network's weights into every session, whatever it is loaded from:
what machines share are the files, not the weights at work (docs/executors.md).
"""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelMissing
from core.faces.engines.profiles import profile_named
from core.faces.models.converted_networks import (
    MTCNN_NETWORKS,
    RESNET_INT8_NETWORK,
    RESNET_NETWORK,
    ConvertedNetwork,
    note_path,
)
from core.faces.models.embedder_description import EmbedderDescription
from core.faces.models.model_files import YUNET

Files = Mapping[str, NDArray[np.uint8]]
"""Contents by the path within the folder."""


def packed_engine(
    *,
    name: str,
    models_dir: Path,
    insightface_models_dir: Path | None,
    embedder: EmbedderDescription | None,
    cuda: bool,
    **options: Any,
) -> Callable[[], Any]:
    """Read an engine's model files; return what loads the engine from them, anywhere.

    The parameters are those of `core.faces.engines.factory.load_engine`. Networks are
    converted first where they are missing.

    Raises
    ------
    ModelMissing, ModelCorrupt
        If a model is not installed, or damaged.
    """
    if insightface_models_dir is not None and name == "insightface":
        folder, paths = insightface_models_dir, sorted(insightface_models_dir.glob("*.onnx"))
    elif embedder is not None and name == "onnx":
        folder, paths = models_dir, [models_dir / embedder.file, *_detectors_files(models_dir)]
    elif name == "face_recognition":
        folder, paths = models_dir, []  # its package has them all
    else:
        folder, paths = models_dir, _own_files(name, models_dir, cuda=cuda)
    try:
        files = {
            str(path.relative_to(folder)): np.frombuffer(path.read_bytes(), dtype=np.uint8)
            for path in paths
        }
    except OSError as error:
        raise ModelMissing(f"a model file can't be read: {error}") from error
    return partial(_load_engine, files, name=name, embedder=embedder, cuda=cuda, **options)


def _own_files(profile: str, models_dir: Path, *, cuda: bool) -> list[Path]:
    chosen = profile_named(profile)
    paths = _detectors_files(models_dir) if chosen.detector == "yunet" else []
    if not chosen.dlib_embedding:
        network = RESNET_INT8_NETWORK if chosen.int8 and not cuda else RESNET_NETWORK
        paths += _converted(network, models_dir)
    return paths


def _detectors_files(models_dir: Path) -> list[Path]:
    yunet = models_dir / YUNET
    if yunet.is_file():
        return [yunet]
    return [path for network in MTCNN_NETWORKS for path in _converted(network, models_dir)]


def _converted(network: ConvertedNetwork, models_dir: Path) -> list[Path]:
    path = network.ensure(models_dir)
    return [path, note_path(path)]


def _load_engine(files: Files, *, name: str, **options: Any) -> Any:
    """Load the engine from a folder that is gone again afterwards."""
    # Imported in the actor only: the worker does without the model libraries.
    from core.faces.engines.factory import load_engine

    with tempfile.TemporaryDirectory(prefix="models-") as temporary:
        folder = Path(temporary)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(exist_ok=True)
            content.tofile(target)
        return load_engine(name=name, models_dir=folder, insightface_models_dir=folder, **options)
