"""LFW's faces as each model embeds them, kept in files."""

import argparse
from types import MappingProxyType
from typing import Final

import numpy as np

from benchmarks.common.lfw import MAX_PIXELS, embed_photos
from core.faces.accuracy.trials import People
from core.faces.engines.builtin import FaceEngine
from core.faces.recognition.embedding import (
    DLIB_RESNET,
    DLIB_RESNET_INT8_MIRRORED,
    DLIB_RESNET_MIRRORED,
)
from core.faces.results import Model

PROFILES_OF_MODELS: Final = MappingProxyType(
    {
        "balanced": DLIB_RESNET_INT8_MIRRORED,
        "fast": DLIB_RESNET,
        "accurate": DLIB_RESNET_MIRRORED,
    }
)
"""The profile with which each model is calibrated; `dlib` has the model of `fast`."""


def embedded_people(profile: str, options: argparse.Namespace) -> tuple[People, dict[str, str]]:
    """Return LFW's people, and the model that embedded them."""
    model: Model = PROFILES_OF_MODELS[profile]
    file = options.embeddings / f"{model.name}-{model.version}.npz"
    if not file.is_file():
        engine = FaceEngine.load(
            profile=profile, models_dir=options.models_dir, max_pixels=MAX_PIXELS
        )
        embedded = embed_photos(engine, options.photos / "images", limit=None)
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, people=embedded.people, embeddings=embedded.embeddings)
    with np.load(file) as stored:
        people = People.of(stored["embeddings"], stored["people"])
    return people, {"name": model.name, "version": model.version}
