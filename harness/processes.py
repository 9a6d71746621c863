"""The real processes of the service, pointed at a LocalStack."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil
import requests
from pydantic import SecretStr

from core.settings import Settings
from harness.localstack import ROOT
from harness.waiting import wait_until


def environment(settings: Settings, changes: dict[str, str]) -> dict[str, str]:
    """Return the settings as variables, beside what a process needs from its parent."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    given = settings.model_dump(mode="python")
    return inherited | {name.upper(): _written(value) for name, value in given.items()} | changes


def _written(value: object) -> str:
    """Return a setting as a variable holds it; none is empty, and hides what a file says."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Process:
    """A process of the service and its log."""

    def __init__(
        self, command: Sequence[str], settings: Settings, log: Path, **changes: str
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment(settings, changes),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def logged(self, text: str) -> bool:
        return text in self.log.read_text()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 60) -> int:
        """Return the exit code once the process has ended."""
        return self._process.wait(timeout=seconds)

    def stop(self) -> None:
        """End the process, politely if it still listens."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class WorkerProcess(Process):
    """``efr worker``; ``prefix`` stands before its command."""

    def __init__(
        self, settings: Settings, log: Path, *, prefix: Sequence[str] = (), **changes: str
    ) -> None:
        command = [*prefix, sys.executable, "-m", "efr_cli", "worker"]
        super().__init__(command, settings, log, **changes)

    def started(self) -> Self:
        wait_until(lambda: self.logged("worker started"), seconds=180, what="the worker to start")
        return self

    def children(self) -> list[psutil.Process]:
        """Return the child processes that recognise."""
        return [
            child
            for child in psutil.Process(self.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        ]


class WebProcess(Process):
    """``efr serve``; ``prefix`` stands before its command."""

    def __init__(self, settings: Settings, log: Path, *, prefix: Sequence[str] = ()) -> None:
        command = [*prefix, sys.executable, "-m", "efr_cli", "serve"]
        super().__init__(command, settings, log)
        self.address = f"http://127.0.0.1:{settings.web_port}"

    def started(self) -> Self:
        wait_until(self._is_up, seconds=180, what="the web tier to start")
        return self

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).ok
        except requests.RequestException:
            return False


def web_processes(tier: int) -> list[int]:
    """Return the processes of a web tier that answer requests."""
    found = []
    for child in psutil.Process(tier).children():
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if "gunicorn" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found
