"""The converted networks on disk: built once from dlib's files, checked at every start.

Each network has a note beside it with its own hash and that of the file it was
made from. Whatever does not match its note is built again; a network is only
ever replaced whole, so that processes may start at the same time.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ModelCorrupt, ModelMissing
from core.faces.models import MMOD, RESNET, model_file

CACHE_FOLDER: Final = "dlib-onnx-2"
"""Its number grows whenever the conversion changes."""


@dataclass(frozen=True, kw_only=True)
class ConvertedNetwork:
    """One of dlib's networks in onnxruntime's format; builds itself where it is missing."""

    name: str
    source_name: str

    def ensure(self, models_dir: Path, *, source: Path | None = None) -> Path:
        """Return the path of the converted network, after building it if need be.

        Parameters
        ----------
        models_dir : Path
            Folder of the cache; made when missing.
        source : Path, optional
            dlib's file; by default that of the package ``face_recognition_models``.

        Raises
        ------
        ModelMissing
            If dlib's file is not there, or the cache can't be written.
        ModelCorrupt
            If dlib's file is damaged or holds another network.
        """
        source = source or model_file(self.source_name)
        network = models_dir / CACHE_FOLDER / f"{self.name}.onnx"
        if not _is_sound(network, source):
            _build(self.name, source, network)
        return network


RESNET_NETWORK: Final = ConvertedNetwork(name="resnet", source_name=RESNET)
MMOD_NETWORK: Final = ConvertedNetwork(name="mmod", source_name=MMOD)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note_path(network: Path) -> Path:
    return network.with_suffix(".json")


def _is_sound(network: Path, source: Path) -> bool:
    try:
        note = json.loads(_note_path(network).read_text())
        return bool(
            note == {"sha256": sha256_of(network), "source_sha256": sha256_of(source)},
        )
    except (OSError, ValueError):
        return False


def _build(name: str, source: Path, network: Path) -> None:
    try:
        content = source.read_bytes()
    except OSError as error:
        raise ModelMissing(f"the model file {source} can't be read: {error}") from error
    try:
        converted = _converter(name)(content)
    except ModelCorrupt as error:
        raise ModelCorrupt(f"{source} can't be converted: {error}") from error
    note = {
        "sha256": hashlib.sha256(converted).hexdigest(),
        "source_sha256": hashlib.sha256(content).hexdigest(),
    }
    try:
        network.parent.mkdir(parents=True, exist_ok=True)
        _replace(network, converted)
        _replace(_note_path(network), json.dumps(note).encode())
    except OSError as error:
        raise ModelMissing(f"{network} is missing and can't be written: {error}") from error


def _converter(name: str) -> Callable[[bytes], bytes]:
    # The onnx package costs 20 MB and 0.3 s, and is of no use once the cache is there.
    from core.faces.onnx_graphs import mmod_from_dat, resnet_from_dat

    return {"resnet": resnet_from_dat, "mmod": mmod_from_dat}[name]


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp keeps the file to its owner, but an image is built as root and run as another.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
