"""Joins what adds faces to collections."""

from core.bootstrap.shared import Shared
from core.collections.enrolment.enroller import Enroller
from core.collections.enrolment.face_writer import FaceWriter


def build_enroller(shared: Shared) -> Enroller:
    return Enroller(
        shared.collections,
        shared.index,
        build_writer(shared),
        min_quality=shared.settings.min_enrol_quality,
        grounds=shared.process.grounds,
        quotas=shared.quotas,
    )


def build_writer(shared: Shared) -> FaceWriter:
    return FaceWriter(
        shared.collections,
        shared.index,
        grounds=shared.process.grounds,
        quotas=shared.quotas,
        crops=shared.crops,
        wall_clock=shared.infrastructure.wall_clock,
    )
