"""The named ways to run the engine; ``FACE_ENGINE`` chooses one."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from core.errors import ModelMissing
from core.faces.detection.multi_scale_search import SearchSizes


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a name stands for.

    ``looks`` bounds the search with the detector, ``mmod_looks`` the search
    where YuNet is not installed: mmod sees only faces of 80 pixels and more, and
    takes several times as long, so it looks closer less often. ``int8`` holds on
    processors only.
    """

    detector: Literal["yunet", "hog"]
    looks: SearchSizes
    mmod_looks: SearchSizes
    min_score: float
    mirrored: bool
    int8: bool = False
    dlib_embedding: bool = False

    def sizes(self, detector: str, *, max_side_px: int | None, min_face_px: int) -> SearchSizes:
        """Return the bounds of the search for a detector, the first look's as asked for."""
        looks = self.mmod_looks if detector == "mmod" else self.looks
        return replace(looks, max_side_px=max_side_px or looks.max_side_px, min_face_px=min_face_px)


PROFILES: Final = MappingProxyType(
    {
        "balanced": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=2048),
            mmod_looks=SearchSizes(
                max_side_px=600, finer_max_side_px=1100, crowd=1.0, glance_max_side_px=600
            ),
            min_score=0.6,
            mirrored=True,
            int8=True,
        ),
        "fast": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=960),
            mmod_looks=SearchSizes(
                max_side_px=480, finer_max_side_px=900, crowd=1.0, glance_max_side_px=600
            ),
            min_score=0.6,
            mirrored=False,
        ),
        "accurate": Profile(
            detector="yunet",
            looks=SearchSizes(max_side_px=800, finer_max_side_px=4096, crowd=4.0),
            mmod_looks=SearchSizes(
                max_side_px=1100, finer_max_side_px=2048, glance_max_side_px=600
            ),
            min_score=0.6,
            mirrored=True,
        ),
        "dlib": Profile(
            detector="hog",
            looks=SearchSizes(max_side_px=1600, finer_max_side_px=3200, glance_max_side_px=800),
            mmod_looks=SearchSizes(max_side_px=1600, finer_max_side_px=3200),
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
