"""Joins the limits of callers."""

from collections.abc import Callable, Mapping

from core.access.limits.memory_buckets import MemoryBuckets
from core.access.limits.request_limits import RequestLimits
from core.access.limits.shared_buckets import Checkable, SharedBuckets
from core.bootstrap.shared_redis import redis_of
from core.ground.rates import Kind, Rate, Subject
from core.settings import Settings


def build_shared_buckets(settings: Settings) -> Checkable | None:
    """Return the buckets of ``REDIS_URL``, not connected yet; None without it.

    Raises
    ------
    InvalidSettings
        If the extra is not installed, or the address is none.
    """
    redis = redis_of(settings)
    if redis is None:
        return None
    from core.access.limits.redis_buckets import RedisBuckets

    return RedisBuckets(redis)


def build_limits(
    rates: Mapping[tuple[Kind, Subject], Rate],
    shared: Checkable | None,
    *,
    run_in_background: Callable[[str, Callable[[], None]], None],
    clock: Callable[[], float],
) -> RequestLimits:
    """Return limits whose buckets are this process's own, unless there are ``shared`` ones."""
    own = MemoryBuckets(clock)
    if not rates:
        return RequestLimits(rates=rates, buckets=own, state=lambda: "none")
    if shared is None:
        return RequestLimits(rates=rates, buckets=own, state=lambda: "process")
    buckets = SharedBuckets(shared, own, run_in_background=run_in_background, clock=clock)
    return RequestLimits(rates=rates, buckets=buckets, state=buckets.state)
