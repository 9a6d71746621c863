"""A moto server of a trial's own: what of AWS LocalStack's free edition lacks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import boto3
import requests

from harness.aws.requests import REGION
from harness.localstack import ROOT, free_port
from harness.service_process import ServiceProcess
from harness.waiting import wait_until


class MotoServer(ServiceProcess):
    """One moto server in a process; nothing survives its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        program = [sys.executable, "-P", str(ROOT / "harness" / "aws" / "moto_program.py")]
        command = [*program, "-H", "127.0.0.1", "-p", str(self.port)]
        self._run(command, "moto.log")
        wait_until(self._is_up, seconds=120, what="moto's server to answer")
        return self

    def client(self, service: str) -> Any:
        """Return boto3's client of one of its services."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.address,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - moto's
        )

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.address}/moto-api/data.json", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def moto_server(folder: Path) -> Iterator[MotoServer]:
    """Run moto's server while the block runs."""
    server = MotoServer(folder).start()
    try:
        yield server
    finally:
        server.stop()
