"""A process on one thread that answers each line with a line of JSON."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class LineProcess:
    """A Python program that runs until it is stopped.

    Parameters
    ----------
    command : sequence of str
    packages : Path
        Folder from which it imports ours.
    stderr : int, optional
        What becomes of what it complains of, as `subprocess` means it; shown unless given.
    held_by : str
        The variable that holds it to one thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        packages: Path,
        *,
        stderr: int | None = None,
        held_by: str = "OMP_NUM_THREADS",
    ) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ  # noqa: TID251 - handed on, not read
            | {"PYTHONPATH": str(packages), held_by: "1"},
        )

    def ask(self, line: object) -> dict[str, Any]:
        """Return the answer to a line.

        Raises
        ------
        RuntimeError
            If the process ended.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answered = self._process.stdout.readline()
        if not answered:
            raise RuntimeError(f"the process ended on {line}: {self._process.wait()}")
        answer: dict[str, Any] = json.loads(answered)
        return answer

    def stop(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
