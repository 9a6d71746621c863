"""The named ways to run the engine; ``FACE_ENGINE`` chooses one."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from core.errors import ModelMissing
from core.faces.detection.multi_scale_search import SearchSizes


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a name stands for.

    ``looks`` bounds the search, ``min_score`` is YuNet's. ``int8`` holds on processors
    only.
    """

    detector: Literal["yunet", "hog"]
    looks: SearchSizes
    min_score: float
    mirrored: bool
    int8: bool = False
    dlib_embedding: bool = False

    def sizes(self, *, max_side_px: int | None, min_face_px: int) -> SearchSizes:
        """Return the bounds of the search, the first look's as asked for."""
        side_px = max_side_px or self.looks.max_side_px
        return replace(self.looks, max_side_px=side_px, min_face_px=min_face_px)


PROFILES: Final = MappingProxyType(
    {
        "balanced": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=2048),
            min_score=0.6,
            mirrored=True,
            int8=True,
        ),
        "fast": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=960),
            min_score=0.6,
            mirrored=False,
        ),
        "accurate": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=4096, crowd=4.0),
            min_score=0.6,
            mirrored=True,
        ),
        "dlib": Profile(
            detector="hog",
            looks=SearchSizes(max_side_px=1600, finer_max_side_px=3200, glance_max_side_px=800),
            min_score=0.0,
            mirrored=False,
            dlib_embedding=True,
        ),
    }
)


def profile_named(name: str) -> Profile:
    """Return a profile.

    Raises
    ------
    ModelMissing
        If there is none of that name.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ModelMissing(f"no face engine {name!r}; there are {', '.join(PROFILES)}") from None
