"""A Redis of a trial's own."""

from pathlib import Path
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from harness.localstack import free_port
from harness.service_process import ServiceProcess
from harness.waiting import wait_until


class RedisServer(ServiceProcess):
    """One redis-server; nothing survives its end, and it begins again at the same address."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "dir": self._folder}
        arguments = [str(each) for name, value in options.items() for each in (f"--{name}", value)]
        self._run(["redis-server", *arguments], "redis.log")
        wait_until(self._is_up, what="Redis to answer")
        return self

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
