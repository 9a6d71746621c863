"""The named ways to run the engine; ``FACE_ENGINE`` chooses one."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from core.errors import ModelMissing
from core.faces.search import SearchSizes

DEFAULT_MIN_FACE_PX: Final = 14
"""A face of 16 pixels, drawn by hand, is a box of 14 or more to the detector."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a name stands for.

    ``sides_px`` are the longest sides of the first and of the closer look with
    the detector, ``mmod_sides_px`` the same where YuNet is not installed.
    """

    detector: Literal["yunet", "hog"]
    sides_px: tuple[int, int]
    mmod_sides_px: tuple[int, int]
    min_score: float
    mirrored: bool
    dlib_embedding: bool = False

    def sizes(self, detector: str, *, max_side_px: int | None, min_face_px: int) -> SearchSizes:
        """Return the bounds of the search for a detector, the first look's as asked for."""
        first, finer = self.mmod_sides_px if detector == "mmod" else self.sides_px
        return SearchSizes(
            max_side_px=max_side_px or first,
            finer_max_side_px=finer,
            min_face_px=min_face_px,
        )


PROFILES: Final = MappingProxyType(
    {
        "balanced": Profile(
            detector="yunet",
            sides_px=(800, 2048),
            mmod_sides_px=(600, 1100),
            min_score=0.6,
            mirrored=True,
        ),
        "fast": Profile(
            detector="yunet",
            sides_px=(800, 960),
            mmod_sides_px=(480, 640),
            min_score=0.6,
            mirrored=False,
        ),
        "accurate": Profile(
            detector="yunet",
            sides_px=(1280, 4096),
            mmod_sides_px=(1100, 2048),
            min_score=0.6,
            mirrored=True,
        ),
        "dlib": Profile(
            detector="hog",
            sides_px=(1600, 3200),
            mmod_sides_px=(1600, 3200),
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
