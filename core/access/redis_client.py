"""The Redis or Valkey of ``REDIS_URL``, asked once and not for long."""

from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.errors import ServiceUnavailable

TIMEOUT_S: Final = 0.25
"""Of a connection and of an answer."""
FAILURES: Final = (RedisError, OSError)


def redis_client(url: str) -> Redis:
    """Return a client that is not connected yet; safe to use from several threads.

    Raises
    ------
    ValueError
        If the address is none.
    """
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        # By default it tries several times, with pauses of up to seconds.
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def away(error: Exception) -> ServiceUnavailable:
    """Return the error of a Redis that did not answer."""
    return ServiceUnavailable(f"Redis: {type(error).__name__}: {error}")
