"""The numbers of workers that a trial starts itself, shown as an autoscaler shows its own."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psutil
import requests

from core.host import exposition
from core.settings import Settings
from harness.localstack import free_port
from harness.processes import Process
from harness.waiting import wait_until


class ShownNumbers:
    """A folder that workers share, shown from ``show`` on until the end of ``with``.

    Parameters
    ----------
    log : Path
        Of the process that shows it.
    port : int, optional
    """

    def __init__(self, log: Path, *, port: int = 0) -> None:
        self._log = log
        self._parts = ExitStack()
        self.port = port or free_port()

    def __enter__(self) -> Self:
        made = tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True)
        self.folder = Path(self._parts.enter_context(made))
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def show(self, settings: Settings) -> psutil.Process:
        """Show the folder; return the process that does."""
        itself = [sys.executable, "-P", "-m", exposition.__name__]
        arguments = [str(self.port), "127.0.0.1", str(self.folder), settings.web_address]
        process = Process([*itself, *arguments], settings, self._log)
        self._parts.callback(process.stop)
        wait_until(self._is_shown, what="the numbers to be shown")
        return psutil.Process(process.pid)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"

    def _is_shown(self) -> bool:
        try:
            return requests.get(self.address, timeout=5).ok
        except requests.RequestException:
            return False
