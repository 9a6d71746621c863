"""The converted networks on disk: built once from their packages' files, checked at every start.

Each network has a note beside it with its own hash and that of what it was made
from. Whatever does not match its note is built again; a network is only
ever replaced whole, so that processes may start at the same time.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ModelCorrupt, ModelMissing
from core.faces.models.model_files import MTCNN_1, MTCNN_2, MTCNN_3, RESNET, model_file

CACHE_FOLDER: Final = "converted-3"
"""Its number grows whenever the conversion changes."""


@dataclass(frozen=True, kw_only=True)
class ConvertedNetwork:
    """A network of a package in onnxruntime's format; builds itself where it is missing."""

    name: str
    source_name: str
    ranges: Path | None = None
    """For a network in int8: the bounds of its values, see `core.faces.models.quantisation`."""

    def ensure(self, models_dir: Path, *, source: Path | None = None) -> Path:
        """Return the path of the converted network, after building it if need be.

        Parameters
        ----------
        models_dir : Path
            Folder of the cache; made when missing.
        source : Path, optional
            The package's file; by default that of the installed one.

        Raises
        ------
        ModelMissing
            If the package's file is not there, or the cache can't be written.
        ModelCorrupt
            If the package's file is damaged or holds another network.
        """
        sources = [source or model_file(self.source_name)]
        if self.ranges is not None:
            sources.append(self.ranges)
        network = models_dir / CACHE_FOLDER / f"{self.name}.onnx"
        if not _is_sound(network, sources):
            _build(self.name, sources, network)
        return network


RESNET_RANGES: Final = Path(__file__).with_name("resnet_ranges.json")
"""Made by ``scripts/int8_ranges.py``."""

RESNET_NETWORK: Final = ConvertedNetwork(name="resnet", source_name=RESNET)
RESNET_INT8_NETWORK: Final = ConvertedNetwork(
    name="resnet-int8", source_name=RESNET, ranges=RESNET_RANGES
)
MTCNN_NETWORKS: Final = (
    ConvertedNetwork(name="mtcnn-1", source_name=MTCNN_1),
    ConvertedNetwork(name="mtcnn-2", source_name=MTCNN_2),
    ConvertedNetwork(name="mtcnn-3", source_name=MTCNN_3),
)
NETWORKS: Final = (RESNET_NETWORK, RESNET_INT8_NETWORK, *MTCNN_NETWORKS)
"""What has to be there before a process starts, or it converts them itself."""


def sha256_of(*paths: Path) -> str:
    """Return the SHA-256 of files, one behind the other, in hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def note_path(network: Path) -> Path:
    """Return the path of a converted network's note."""
    return network.with_suffix(".json")


def _is_sound(network: Path, sources: Sequence[Path]) -> bool:
    try:
        note = json.loads(note_path(network).read_text())
        return bool(
            note == {"sha256": sha256_of(network), "source_sha256": sha256_of(*sources)},
        )
    except (OSError, ValueError):
        return False


def _build(name: str, sources: Sequence[Path], network: Path) -> None:
    try:
        contents = [source.read_bytes() for source in sources]
    except OSError as error:
        raise ModelMissing(f"a model file can't be read: {error}") from error
    try:
        converted = _converter(name)(*contents)
    except ModelCorrupt as error:
        raise ModelCorrupt(f"{sources[0]} can't be converted: {error}") from error
    note = {
        "sha256": hashlib.sha256(converted).hexdigest(),
        "source_sha256": hashlib.sha256(b"".join(contents)).hexdigest(),
    }
    try:
        network.parent.mkdir(parents=True, exist_ok=True)
        _replace(network, converted)
        _replace(note_path(network), json.dumps(note).encode())
    except OSError as error:
        raise ModelMissing(f"{network} is missing and can't be written: {error}") from error


def _converter(name: str) -> Callable[..., bytes]:
    # The onnx package costs 20 MB and 0.3 s, and is of no use once the cache is there.
    if name == "resnet-int8":
        from core.faces.models.quantisation import resnet_int8_from_dat

        return resnet_int8_from_dat
    from core.faces.models import mtcnn_networks
    from core.faces.models.dlib_resnet import resnet_from_dat

    return {
        "resnet": resnet_from_dat,
        "mtcnn-1": mtcnn_networks.first_network,
        "mtcnn-2": mtcnn_networks.second_network,
        "mtcnn-3": mtcnn_networks.third_network,
    }[name]


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
