"""Chooses the engine that ``FACE_ENGINE`` names."""

from pathlib import Path
from typing import Any, Final

from core.faces.engines.builtin import FaceEngine
from core.faces.engines.engine import PhotoEngine
from core.faces.engines.insight import InsightFaceEngine

INSIGHTFACE: Final = "insightface"


def load_engine(
    *,
    name: str,
    models_dir: Path,
    insightface_models_dir: Path | None,
    max_pixels: int,
    detection_max_side_px: int | None,
    min_face_px: int,
    cuda: bool,
    max_faces: int,
) -> PhotoEngine[Any]:
    """Load an engine; the parameters are the settings of the same names.

    Raises
    ------
    ModelMissing, ModelCorrupt
        If a model is not installed, or damaged.
    """
    if name == INSIGHTFACE and insightface_models_dir is not None:
        return InsightFaceEngine.load(
            models_dir=insightface_models_dir,
            max_pixels=max_pixels,
            min_face_px=min_face_px,
            cuda=cuda,
            max_faces=max_faces,
        )
    return FaceEngine.load(
        profile=name,
        models_dir=models_dir,
        max_pixels=max_pixels,
        detection_max_side_px=detection_max_side_px,
        min_face_px=min_face_px,
        cuda=cuda,
        max_faces=max_faces,
    )
