"""Gets the face models ready, once, so that no process has to do it at its start.

Converts the networks of installed packages, and fetches YuNet from its public
repository unless it is there; each start tries that again. With ``FACE_ENGINE=onnx`` it fetches the
network that ``FACE_EMBEDDER`` describes, too. What can't be fetched does not end
the set-up: without YuNet MTCNN detects, which is slower and misses more small faces.
Exit codes: 0 ready, whatever could be fetched; 1 a network could not be converted;
2 a setting can't be used.
"""

import argparse
import sys
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from core.errors import InvalidSettings, ModelError
from core.faces.models.converted_networks import NETWORKS, sha256_of
from core.faces.models.model_files import YUNET, YUNET_COMMIT, YUNET_SHA256
from core.settings import load_settings

YUNET_URL: Final = (
    f"https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/{YUNET_COMMIT}/onnx/{YUNET}"
)
PATIENCE_S: Final = 20


def main() -> int:
    """Convert and fetch; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        settings = load_settings()
        models_dir = settings.face_models_dir
        if not models_dir.is_dir():
            print("converting the face networks (about 3 s) ...", flush=True)
        for network in NETWORKS:
            network.ensure(models_dir)
    except InvalidSettings as error:
        print(f"settings: {error}", file=sys.stderr)
        return 2
    except ModelError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
    try:
        fetch(YUNET_URL, models_dir / YUNET, YUNET_SHA256)
    except (OSError, ValueError) as error:
        print(
            f"YuNet could not be fetched ({error}).\nMTCNN will detect faces instead: slower, and "
            f"it misses more small faces. To use YuNet, put {YUNET} into {models_dir}."
        )
    embedder = settings.face_embedder if settings.face_engine == "onnx" else None
    if embedder is not None and embedder.url:
        try:
            fetch(embedder.url, models_dir / embedder.file, embedder.sha256)
        except (OSError, ValueError) as error:
            print(f"{embedder.file} could not be fetched ({error}): put it into {models_dir}.")
    return 0


def fetch(url: str, file: Path, sha256: str) -> None:
    """Download a file unless it is there.

    Raises
    ------
    OSError
        If it can't be downloaded.
    ValueError
        If what came is something else.
    """
    if file.is_file() and sha256_of(file) == sha256:
        return
    print(f"fetching {file.name} ...", flush=True)
    with urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - always https
        content = answer.read()
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    if sha256_of(partial) != sha256:
        partial.unlink()
        raise ValueError(f"{url} holds another file")
    partial.replace(file)


if __name__ == "__main__":
    sys.exit(main())
