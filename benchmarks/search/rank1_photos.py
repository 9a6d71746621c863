"""The faces of LFW's development view as an engine sees them, kept in a file between runs.

Remove the file to look at the photos anew, as after a change of the engine.
"""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from benchmarks.common.lfw import engine_with
from core.faces.engines.builtin import FaceEngine
from core.faces.engines.engine import PhotoEngine
from core.faces.recognition.embedding import DlibEmbedder
from core.faces.results import Recognition

OURS: Final = "balanced"
DLIB: Final = "dlib"
_MAX_PIXELS: Final = 50_000_000
_SAVED_EVERY: Final = 250

Recognitions = Mapping[str, Recognition]
"""By the photo's name, in order of names."""


def engines(models_dir: Path) -> dict[str, Callable[[], PhotoEngine[Any]]]:
    """Return how to load our default engine, and dlib's own network on the same chips."""
    return {
        OURS: lambda: FaceEngine.load(profile=OURS, models_dir=models_dir, max_pixels=_MAX_PIXELS),
        DLIB: lambda: engine_with(DlibEmbedder(), models_dir=models_dir),
    }


def recognitions(
    load: Callable[[], PhotoEngine[Any]], photos: list[Path], cache: Path
) -> Recognitions:
    """Return the faces of photos; only those that the cache lacks are looked at."""
    known: dict[str, Recognition] = {}
    if cache.is_file():
        known = pickle.loads(cache.read_bytes())  # noqa: S301 - this function wrote it
    missing = [photo for photo in photos if photo.stem not in known]
    if missing:
        engine = load()
    for count, photo in enumerate(tqdm(missing, desc=cache.stem, unit="photo")):
        known[photo.stem] = engine.recognise(photo.read_bytes())
        if count % _SAVED_EVERY == 0 or photo == missing[-1]:
            _save(known, cache)
    return {photo.stem: known[photo.stem] for photo in sorted(photos)}


def _save(known: dict[str, Recognition], cache: Path) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    half = cache.with_suffix(".half")
    half.write_bytes(pickle.dumps(known))
    half.replace(cache)
