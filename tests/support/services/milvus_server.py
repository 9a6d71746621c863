"""Milvus Lite as a server: the engine in a process of its own, which speaks gRPC."""

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from harness.localstack import free_port
from harness.waiting import wait_until


class MilvusServer:
    """Listens on a port of this machine, from ``with`` on."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), "--data-dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._listens, seconds=60, what="Milvus Lite to listen")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False
