"""What a process does in the background once it has started."""

from collections.abc import Sequence
from functools import cache, partial

from core.access.data_format import check_format_at_start
from core.bootstrap import bucket_news
from core.bootstrap.shared import Shared
from core.collections.recent_collections import RecentCollections, keep_warm


def begin(shared: Shared) -> None:
    """Begin all that a web process or a worker does.

    Raises
    ------
    DataTooNew
        If a newer version stored the data.
    """
    check_format_at_start(shared.gallery)
    tell_of_versions(shared)
    tell_of_sources(shared)
    keep_house(shared)
    _warm(shared)


def tell_of_versions(shared: Shared) -> None:
    """Log which buckets keep versions."""
    own = shared.process.buckets(shared.settings.buckets)
    shared.infrastructure.run_in_background("versions", partial(bucket_news.tell_of_versions, own))


def tell_of_sources(shared: Shared) -> None:
    """Log which buckets of ``ALLOWED_BUCKETS`` can't be read."""
    names = (each.rpartition(":")[2] for each in shared.settings.allowed_buckets)
    allowed = shared.process.buckets(names)
    shared.infrastructure.run_in_background(
        "sources", partial(bucket_news.tell_of_obstacles, allowed)
    )


def keep_house(shared: Shared) -> None:
    """Remove what is old, where the storage does not do so by itself."""
    infrastructure = shared.infrastructure
    if infrastructure.keep_house is not None:
        task = partial(infrastructure.keep_house, infrastructure.sleep)
        infrastructure.run_in_background("house-keeping", task)


def _warm(shared: Shared) -> None:
    """Load the galleries that were used last, of all tenants."""
    collections_of = cache(lambda tenant: shared.of_tenant(tenant).collections)
    recent = RecentCollections(
        shared.process.uses,
        notes_of=lambda tenant: shared.of_tenant(tenant).own,
        collections_of=collections_of,
    )
    load = getattr(shared.index, "warm", _nothing)
    shared.infrastructure.run_in_background(
        "warm-up", partial(keep_warm, recent, load, shared.infrastructure.sleep)
    )


def _nothing(_gallery_ids: Sequence[str]) -> None:
    """Do nothing, for engines that hold no gallery in memory."""
