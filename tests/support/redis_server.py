"""A Redis of a test's own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import pytest
from redis import Redis
from redis.exceptions import RedisError

from harness.localstack import free_port
from harness.waiting import wait_until

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


class RedisServer:
    """One redis-server; nothing survives its end, and it begins again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "dir": self._folder}
        arguments = [str(each) for name, value in options.items() for each in (f"--{name}", value)]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(["redis-server", *arguments], stdout=log)
        wait_until(self._is_up, what="Redis to answer")
        return self

    def pause(self) -> None:
        """Let it accept connections and answer none."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def keys(self) -> dict[str, int]:
        """Return the keys that it holds, each with the milliseconds that it still has."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return {key: client.pttl(key) for key in client.scan_iter()}

    def _is_up(self) -> bool:
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
