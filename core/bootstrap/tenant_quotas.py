"""Joins the quotas of a tenant."""

from collections.abc import Callable
from dataclasses import dataclass

from core.access.limits.quotas import Quotas
from core.collections.people import People
from core.collections.registry import Collections
from core.ports import ObjectStore
from core.settings import Settings
from core.submission.jobs_under_way import ANY_NUMBER, JobQuota, JobsUnderWay


@dataclass(frozen=True, kw_only=True)
class TenantQuotas:
    """What a tenant may have, and how many jobs it has under way; the same for all its realms."""

    stored: Quotas
    jobs: JobQuota


def build_quotas(
    settings: Settings,
    *,
    people: People,
    collections: Collections,
    outputs: ObjectStore,
    clock: Callable[[], float],
) -> TenantQuotas:
    """Return the quotas of the tenant whose people and collections these are, all of them."""
    stored = Quotas(
        count_faces=people.count_all,
        count_collections=lambda most: len(collections.ids(limit=most)),
        max_faces=settings.max_faces,
        max_collections=settings.max_collections,
        clock=clock,
    )
    most = settings.max_jobs
    jobs = JobsUnderWay(outputs, most=most, clock=clock) if most else ANY_NUMBER
    return TenantQuotas(stored=stored, jobs=jobs)
