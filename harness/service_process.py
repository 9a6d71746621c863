"""A service of others, in a process of a trial's own."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


class ServiceProcess:
    """A process that is killed in the end; nothing survives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the process is not running")
        return self._process.pid

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

    def _run(self, command: Sequence[str], log: str) -> None:
        """Start it, with what it says in a file of that name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / log).open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _signal(self, number: int) -> None:
        os.killpg(self.pid, number)
