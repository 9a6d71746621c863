"""The Redis of the settings, for what all processes share; it is an extra."""

from typing import TYPE_CHECKING

from core.errors import InvalidSettings
from core.settings import Settings
from core.submission.job_notes import JobNotes, RedisJobNotes

if TYPE_CHECKING:
    from redis import Redis


def redis_of(settings: Settings) -> "Redis | None":
    """Return a client of ``REDIS_URL``, not connected yet; None without it.

    Raises
    ------
    InvalidSettings
        If the extra is not installed, or the address is none.
    """
    if settings.redis_url is None:
        return None
    try:
        from core.access.redis_client import redis_client
    except ModuleNotFoundError as error:
        raise InvalidSettings(
            "REDIS_URL needs an extra: pip install '.[redis]' in a checkout"
        ) from error
    try:
        return redis_client(settings.redis_url.get_secret_value())
    except ValueError as error:
        raise InvalidSettings("REDIS_URL must be like redis://host:6379/0") from error


def build_shared_job_notes(settings: Settings) -> JobNotes | None:
    """Return the notes of ``REDIS_URL``; None without it. Raises what `redis_of` raises."""
    redis = redis_of(settings)
    return None if redis is None else RedisJobNotes(redis, settings.result_cache_seconds)
