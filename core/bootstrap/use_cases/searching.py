"""Joins what tells whose face it is."""

from core.bootstrap.shared import Shared
from core.collections.identification import FaceIdentifier
from core.collections.likeness import LikenessOfFaces
from core.collections.matching import Matching, Recognise
from core.collections.unknown.keeping import UnknownKeeper


def build_likeness(shared: Shared) -> LikenessOfFaces:
    settings = shared.settings
    return LikenessOfFaces(
        index=shared.index,
        max_distance=settings.match_max_distance,
        own_distance=settings.max_distance,
        false_name_rate=settings.match_false_name_rate,
    )


def build_identifier(shared: Shared) -> FaceIdentifier:
    return FaceIdentifier(
        shared.collections,
        build_likeness(shared),
        min_quality=shared.settings.min_match_quality,
        grounds=shared.process.grounds,
    )


def build_matching(
    shared: Shared, recognise: Recognise, *, unknowns: UnknownKeeper | None = None
) -> Matching:
    return Matching(
        recognise=recognise,
        collections=shared.collections,
        index=shared.index,
        likeness=build_likeness(shared),
        consents=shared.consents,
        min_quality=shared.settings.min_match_quality,
        unknowns=unknowns,
    )
