"""A LocalStack of a trial's own."""

import secrets
import socket
import sys
from pathlib import Path
from typing import Final, Self

import requests

from core.host.environment import settle_environment
from core.settings import Settings
from harness.service_process import ServiceProcess
from harness.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """Return a port on which no process listens.

    It lies below those that Linux gives to outgoing connections, of which tests
    running at the same time make many before the port is taken.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class LocalStack(ServiceProcess):
    """One LocalStack process; nothing survives its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        settle_environment()  # or a proxy would be asked for it
        script = str(ROOT / "scripts" / "run_localstack.py")
        self._run(
            [sys.executable, script, "--port", str(self.port), "--folder", str(self._folder)],
            "localstack.log",
        )
        wait_until(self._is_up, seconds=180, what="LocalStack to answer")
        return self

    def settings(self, **changes: object) -> Settings:
        """Return settings that point here, as a trial needs them."""
        defaults: dict[str, object] = {
            "auth": "off",
            "result_cache_seconds": 0,  # trials repeat their photos
            "aws_endpoint_url": self.address,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        return Settings(_env_file=None, **(defaults | changes))  # type: ignore[arg-type]

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.address}/_localstack/health", timeout=5).ok
        except requests.RequestException:
            return False
