"""Chooses the engine that ``FACE_ENGINE`` names."""

from pathlib import Path
from typing import Any, Final

from core.faces.engines.builtin import FaceEngine
from core.faces.engines.described import DescribedEngine
from core.faces.engines.engine import PhotoEngine
from core.faces.engines.face_recognition import FaceRecognitionEngine
from core.faces.engines.insight import InsightFaceEngine
from core.faces.models.embedder_description import EmbedderDescription

INSIGHTFACE: Final = "insightface"
ONNX: Final = "onnx"
FACE_RECOGNITION: Final = "face_recognition"


def load_engine(
    *,
    name: str,
    models_dir: Path,
    insightface_models_dir: Path | None,
    embedder: EmbedderDescription | None,
    max_pixels: int,
    detection_max_side_px: int | None,
    min_face_px: int,
    cuda: bool,
    max_faces: int,
) -> PhotoEngine[Any]:
    """Load an engine; the parameters are the settings of the same names.

    Parameters
    ----------
    embedder : EmbedderDescription, optional
        What ``FACE_EMBEDDER`` describes.

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
    if name == ONNX and embedder is not None:
        return DescribedEngine.load(
            described=embedder,
            models_dir=models_dir,
            max_pixels=max_pixels,
            detection_max_side_px=detection_max_side_px,
            min_face_px=min_face_px,
            cuda=cuda,
            max_faces=max_faces,
        )
    if name == FACE_RECOGNITION:
        return FaceRecognitionEngine.load(
            max_pixels=max_pixels,
            detection_max_side_px=detection_max_side_px,
            min_face_px=min_face_px,
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
