"""What recognises photos: the engine itself, in children, or on a Ray cluster."""

from functools import partial
from pathlib import Path
from typing import Any, Final

from core.executors.confinement import Confinement
from core.executors.pool import WarmPool
from core.executors.process_pool import TimedPool
from core.host.memory import CHILD_BYTES, MEASURED_PIXELS
from core.ports import Recognizer
from core.settings import Settings

_SPARE: Final = 4
"""Memory that is asked for is more than what is used: stacks of threads, and room in heaps."""


def build_pool(settings: Settings, *, processes: int) -> TimedPool:
    # Not the settings themselves: the keys in them are none of a child's business.
    return TimedPool(
        partial(_load, **_engine_options(settings)),
        processes=processes,
        timeout_s=settings.job_timeout_seconds,
        confinement=Confinement(writable=_writable(settings), memory_bytes=_memory_bytes(settings)),
    )


def _load(**options: Any) -> Recognizer:
    # Imported in the child, so that the parent does without the models' libraries.
    from core.faces.engines.factory import load_engine

    return load_engine(**options)


def _writable(settings: Settings) -> tuple[Path, ...]:
    """Return where the converted networks are kept, and how CUDA reaches its devices."""
    models = settings.face_models_dir.absolute()
    return (models, Path("/dev"), Path.home() / ".nv") if settings.face_cuda else (models,)


def _memory_bytes(settings: Settings) -> int | None:
    """Return what no photo needs, by far: a bound for those that are made to fill memory."""
    measured = CHILD_BYTES.get(settings.face_engine)
    if measured is None or settings.face_cuda:  # networks of the user's, or CUDA's mappings
        return None
    return int(_SPARE * measured * max(1.0, settings.max_pixels / MEASURED_PIXELS))


def _engine_options(settings: Settings) -> dict[str, Any]:
    return {
        "name": settings.face_engine,
        "models_dir": settings.face_models_dir,
        "insightface_models_dir": settings.insightface_models_dir,
        "embedder": settings.face_embedder,
        "max_pixels": settings.max_pixels,
        "detection_max_side_px": settings.detection_max_side_px,
        "min_face_px": settings.min_face_px,
        "max_faces": settings.max_embedded_faces,
        "cuda": settings.face_cuda,
    }


def build_executor(settings: Settings, *, children: int) -> WarmPool:
    """Return what the worker's photos are recognised in, as ``EXECUTOR`` says.

    Raises
    ------
    InvalidSettings
        If the extra of the executor is not installed.
    """
    if settings.executor == "processes":
        return build_pool(settings, processes=children)
    from core.executors.ray_pool import RayPool
    from core.faces.engines.packed_models import packed_engine

    return RayPool(
        partial(packed_engine, **_engine_options(settings)),
        actors=children,
        timeout_s=settings.job_timeout_seconds,
        address=settings.ray_address,
    )
