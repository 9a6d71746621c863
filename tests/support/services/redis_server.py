"""A Redis of a test's own."""

import shutil

from harness.watched.redis_server import RedisServer
from tests.support.missing import missing

__all__ = ["RedisServer", "require_redis_server"]

WITHOUT = "WITHOUT_REDIS_SERVER"
"""Set by .ci/run where redis-server can't be installed."""


def require_redis_server() -> None:
    """Skip without redis-server on a developer's machine; fail in CI, where it can be installed."""
    if shutil.which("redis-server") is None:
        missing("redis-server is not installed: apt-get install redis-server", WITHOUT)
