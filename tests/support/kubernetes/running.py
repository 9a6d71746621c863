"""Pods of the chart as processes of this machine, with a root that they can't write to."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from tests.support.kubernetes.chart import component, environment, named
from tests.support.models import models_dir
from tests.support.photos import ROOT

_PORTS: Final = {"http": "WEB_PORT", "metrics": "METRICS_PORT"}
_READ_ONLY: Final = (
    'mount --bind "$TMP_OF_THE_POD" /tmp && mount -t tmpfs tmpfs /dev/shm'
    ' && mount -o remount,bind,ro / && exec "$@"'
)


def _command_of_image(tier: str) -> list[str]:
    """Return what an image starts."""
    (command,) = re.findall(
        r"^CMD (\[.*\])$", (ROOT / "docker" / tier / "Dockerfile").read_text(), re.MULTILINE
    )
    return [str(word) for word in ast.literal_eval(command)]


class Pod:
    """A pod's container, run by the command that it or its image names.

    Parameters
    ----------
    kind, name, values : str
        Which object's pod, and of which file of values.
    folder : Path
        Where its ``/tmp`` and its log are.
    changes : str
        Variables that are other ones on this machine than in a cluster.
    """

    def __init__(self, kind: str, name: str, values: str, folder: Path, **changes: str) -> None:
        self.pod: dict[str, Any] = named(kind, name, values)["spec"]["template"]
        (self.container,) = self.pod["spec"]["containers"]
        self.folder = folder / name
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir(parents=True)
        self.log = self.folder / "log"
        self.environment = environment(self.pod, values) | self._of_the_image() | changes
        self._process: subprocess.Popen[bytes] | None = None

    def _of_the_image(self) -> dict[str, str]:
        tier = "web" if component(self.pod) == "web" else "worker"
        below = {"web": ("web-tier",), "worker": ("cli",)}[tier]
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
            "HOME": "/nonexistent",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *(ROOT / each for each in below)))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "FACE_MODELS_DIR": str(models_dir()),
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the pod, as ``kubectl exec`` and probes do, or its own until it ends."""
        return subprocess.run(
            self._wrapped(list(command) or self.container["command"]),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=ROOT,
            env=self._environment(),
        )

    def probe(self, name: str) -> bool:
        """Tell whether a probe passes, which runs a command or asks at a port of the web tier."""
        asked = self.container[name]
        if "exec" in asked:
            return self.run(*asked["exec"]["command"]).returncode == 0
        port = self.environment[_PORTS[asked["httpGet"]["port"]]]
        with suppress(requests.RequestException):
            url = f"http://127.0.0.1:{port}{asked['httpGet']['path']}"
            return requests.get(url, timeout=asked["timeoutSeconds"]).ok
        return False

    def start(self) -> None:
        tier = "web" if component(self.pod) == "web" else "worker"
        command = self.container.get("command") or _command_of_image(tier)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._wrapped(command),
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=self._environment(),
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def processes(self) -> list[psutil.Process]:
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def stop(self) -> int:
        """Tell it to stop; return the exit code, which comes within the pod's grace."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=self.pod["spec"]["terminationGracePeriodSeconds"])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _wrapped(self, command: list[str]) -> list[str]:
        found = shutil.which(command[0], path=self.environment["PATH"]) or command[0]
        unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _READ_ONLY, "sh"]
        return [*unshare, found, *command[1:]]

    def _environment(self) -> dict[str, str]:
        return self.environment | {"TMP_OF_THE_POD": str(self.tmp)}
