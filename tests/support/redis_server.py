"""A Redis of a test's own."""

import os
import shutil

import pytest

from harness.watched.redis_server import RedisServer

__all__ = ["RedisServer", "require_redis_server"]

WITHOUT = "WITHOUT_REDIS_SERVER"
"""Set by .ci/run where redis-server can't be installed."""


def require_redis_server() -> None:
    """Skip without redis-server on a developer's machine; fail in CI, where it can be installed."""
    if shutil.which("redis-server"):
        return
    message = "redis-server is not installed: apt-get install redis-server"
    given = os.environ  # noqa: TID251 - facts about the machine, not settings
    if given.get("CI") and not given.get(WITHOUT):
        pytest.fail(message)
    pytest.skip(message)
