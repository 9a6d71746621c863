"""What recognises photos: the engine itself, in children, or on a Ray cluster."""

from functools import partial
from typing import Any

from core.ports import Recognizer
from core.settings import Settings
from core.timed_pool import TimedPool
from core.warm_pool import WarmPool


def build_pool(settings: Settings, *, processes: int) -> TimedPool:
    return TimedPool(
        partial(load_recognizer, settings),
        processes=processes,
        timeout_s=settings.job_timeout_seconds,
    )


def load_recognizer(settings: Settings) -> Recognizer:
    """Return the engine; loaded in a child, so that the parent does without the models."""
    from core.faces.engines import load_engine

    return load_engine(**_engine_options(settings))


def _engine_options(settings: Settings) -> dict[str, Any]:
    return {
        "name": settings.face_engine,
        "models_dir": settings.face_models_dir,
        "insightface_models_dir": settings.insightface_models_dir,
        "max_pixels": settings.max_pixels,
        "detection_max_side_px": settings.detection_max_side_px,
        "min_face_px": settings.min_face_px,
        "cuda": settings.face_cuda,
    }


def build_executor(settings: Settings) -> WarmPool:
    """Return what the worker's photos are recognised in, as ``EXECUTOR`` says.

    Raises
    ------
    InvalidSettings
        If the extra of the executor is not installed.
    """
    if settings.executor == "processes":
        return build_pool(settings, processes=settings.worker_process_count)
    from core.faces.packed_models import packed_engine
    from core.ray_pool import RayPool

    # Not the settings themselves: the keys in them are none of the cluster's business.
    return RayPool(
        partial(packed_engine, **_engine_options(settings)),
        actors=settings.worker_process_count,
        timeout_s=settings.job_timeout_seconds,
        address=settings.ray_address,
    )
